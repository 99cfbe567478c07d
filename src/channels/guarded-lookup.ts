import type { LookupAddress } from 'node:dns'
import { Resolver } from 'node:dns/promises'
import { isIP, type LookupFunction } from 'node:net'
import { callbackify } from 'node:util'
import { isPublicAddress } from './public-address.ts'

/** The host is none that a user's URL may lead to. */
export class AddressRefusedError extends Error {
  override readonly name = 'AddressRefusedError'
  readonly code = 'ADDRESS_REFUSED'
}

/** What the guard goes by. */
export interface Network {
  /** All addresses of a name. */
  resolve(hostname: string): Promise<readonly LookupAddress[]>
  isPublic(address: string): boolean
}

const QUERY_TIMEOUT_MS = 3_000
const QUERY_TRIES = 2

/**
 * The internet. Asks the name servers itself, instead of the system: a name whose servers do not answer would hold one of
 * the few threads that the system's look-ups share with everything else in the process, and the hosts file names what is
 * inside.
 */
export function internet(): Network {
  const resolver = new Resolver({ timeout: QUERY_TIMEOUT_MS, tries: QUERY_TRIES })
  return {
    isPublic: isPublicAddress,
    async resolve(hostname) {
      const [v4, v6] = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)])
      if (v4.status === 'rejected' && v6.status === 'rejected') throw v4.reason
      const addresses = (answer: PromiseSettledResult<string[]>, family: 4 | 6) =>
        answer.status === 'fulfilled' ? answer.value.map((address) => ({ address, family })) : []
      return [...addresses(v4, 4), ...addresses(v6, 6)]
    },
  }
}

/**
 * A look-up for `net.connect` that answers with public addresses only. The connection is made to what it answers with,
 * so a name that leads elsewhere when it is asked once more (DNS rebinding) gains nothing.
 */
export function guardedLookup(network: Network): LookupFunction {
  const look = callbackify(async (hostname: string, family: unknown) => {
    const found = await network.resolve(hostname)
    const wanted = found.filter((each) => (family !== 4 && family !== 6) || each.family === family)
    const allowed = wanted.filter(({ address }) => network.isPublic(address))
    if (allowed.length === 0) throw new AddressRefusedError('The name leads to no public address.')
    return allowed
  })
  return (hostname, { all, family }, callback) => {
    look(hostname, family, (error, allowed) => {
      const [first] = error === null ? allowed : []
      if (error !== null || first === undefined) callback(error, [])
      else if (all === true) callback(null, allowed)
      else callback(null, first.address, first.family)
    })
  }
}

/**
 * A host that is an address is connected to without a look-up, and has to be checked before.
 *
 * @param hostname as a URL has it: IPv6 in brackets, and IPv4 already in its usual form, however it was written
 * @throws AddressRefusedError
 */
export function refuseLocalAddress(hostname: string, network: Network): void {
  const address = hostname.replace(/^\[(.*)\]$/, '$1')
  if (isIP(address) !== 0 && !network.isPublic(address)) throw new AddressRefusedError('The address is not public.')
}
