/**
 * A certificate for a server on this machine, signed by itself: Node can sign, but not write one, so the few bytes of DER
 * that it takes are put together here.
 */

import { generateKeyPairSync, sign } from 'node:crypto'

/** @returns {{ key: string, cert: string }} PEM, for `server.https` */
export function selfSigned() {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const ecdsaWithSha256 = sequence(Buffer.from('06082a8648ce3d040302', 'hex'))
  const commonName = sequence(Buffer.from('0603550403', 'hex'), der(0x0c, Buffer.from('localhost')))
  const name = sequence(der(0x31, commonName))
  const day = 86_400_000
  const subject = sequence(
    der(0x02, Buffer.from([1])),
    ecdsaWithSha256,
    name,
    sequence(time(Date.now() - day), time(Date.now() + day)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
  )
  const signature = der(0x03, Buffer.from([0]), sign('sha256', subject, privateKey))
  const certificate = sequence(subject, ecdsaWithSha256, signature).toString('base64')
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${certificate.replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`,
  }
}

/** @param {Buffer[]} parts */
const sequence = (...parts) => der(0x30, ...parts)

/**
 * UTCTime: `YYMMDDHHMMSSZ`.
 *
 * @param {number} at milliseconds since 1970
 */
const time = (at) =>
  der(0x17, Buffer.from(`${new Date(at).toISOString().slice(2, 19).replace(/[-:T]/g, '')}Z`))

/**
 * One value: its tag, its length, its bytes.
 *
 * @param {number} tag
 * @param {Buffer[]} parts
 */
function der(tag, ...parts) {
  const body = Buffer.concat(parts)
  const length =
    body.length < 128
      ? [body.length]
      : body.length < 256
        ? [0x81, body.length]
        : [0x82, body.length >> 8, body.length & 255]
  return Buffer.concat([Buffer.from([tag, ...length]), body])
}
