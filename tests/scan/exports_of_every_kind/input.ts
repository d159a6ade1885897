export const a = 1, { b, c: [d] } = value;
export function f() {}
export class G {}
export default class H {}
export interface I {}
export type J = string;
export enum K {}
export { a as 'any name', type I as L };
export type { J as M };
declare const value: { b: number; c: number[] };
