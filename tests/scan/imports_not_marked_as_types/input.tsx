import { A } from './a';
import B, { type C } from './b';
import { D, E } from './e';
import * as F from './f';
import { G } from './g';
import { H } from './h';
import { I } from './i';
import { J } from './j';
import { K } from './k';
import './effect';
export { G };
export type { H };
type L = A & typeof B;
class M extends I implements J { field: K = <D />; }
let f: F.N<A> = x as F.O;
export default E;
