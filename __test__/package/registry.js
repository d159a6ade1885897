/**
 * A registry that knows our packages and nothing else: what npm does with `optionalDependencies` depends on what it
 * reads there.
 */

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'

/**
 * @param {Array<{ manifest: any, tarball?: string }>} packages without a tarball npm can read about it and not get it
 */
export async function startRegistry(packages) {
  /** @type {string[]} */
  const fetched = []
  const byName = new Map(packages.map((entry) => [entry.manifest.name, entry]))
  const server = createServer((request, response) => {
    const [, name, tarball] = /** @type {string} */ (request.url).split('/')
    const entry = byName.get(name)
    if (!entry) return void response.writeHead(404).end()
    if (tarball) {
      fetched.push(name)
      return void (entry.tarball ? response.end(readFileSync(entry.tarball)) : response.writeHead(404).end())
    }
    const { version } = entry.manifest
    const dist = {
      tarball: `${url}/${name}/${version}.tgz`,
      integrity: `sha512-${createHash('sha512')
        .update(entry.tarball ? readFileSync(entry.tarball) : '')
        .digest('base64')}`,
    }
    const versions = { [version]: { ...entry.manifest, dist } }
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ name, 'dist-tags': { latest: version }, versions }))
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)))
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
  const url = `http://127.0.0.1:${port}`
  return { url, fetched, close: () => new Promise((resolve) => server.close(resolve)) }
}
