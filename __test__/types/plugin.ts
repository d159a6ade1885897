// The types of `binoHmr()`, as a user sees them. Compiled by `tsc`, never run.

import { type BinoHmrApi, binoHmr } from 'bino-hmr'

type Equal<One, Two> = (<T>() => T extends One ? 1 : 2) extends <T>() => T extends Two ? 1 : 2 ? true : false
const check = <_ extends true>() => {}

binoHmr({ control: false })
// @ts-expect-error whether, not where
binoHmr({ control: '/run/bino.sock' })

const [{ api }] = binoHmr()
check<Equal<typeof api, BinoHmrApi>>()
check<Equal<ReturnType<typeof api.hold>, void>>()
check<Equal<ReturnType<typeof api.release>, void>>()
const stats = api.stats()
// @ts-expect-error there may be no engine
stats.held
if (stats) check<Equal<typeof stats.waiting, number>>()
