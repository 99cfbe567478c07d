import { BlockList, isIP } from 'node:net'

/*
 * Which addresses are on the public internet: what a URL of a user's may lead to. By the registries of special-purpose
 * addresses (RFC 6890; IANA), and what clouds answer at from inside only.
 */

const NOT_PUBLIC_IPV4: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8], // this network
  ['10.0.0.0', 8], // private
  ['100.64.0.0', 10], // carrier-grade NAT
  ['127.0.0.0', 8], // loopback
  ['169.254.0.0', 16], // link-local, and the metadata of most clouds
  ['172.16.0.0', 12], // private
  ['192.0.0.0', 24], // protocol assignments, and the metadata of one cloud
  ['192.0.2.0', 24], // documentation
  ['192.88.99.0', 24], // 6to4 relays
  ['192.168.0.0', 16], // private
  ['198.18.0.0', 15], // benchmarks
  ['198.51.100.0', 24], // documentation
  ['203.0.113.0', 24], // documentation
  ['224.0.0.0', 4], // multicast
  ['240.0.0.0', 4], // reserved, broadcast
  ['168.63.129.16', 32], // the platform of one cloud, from inside of it
]

/** All of IPv6 but these is something special. */
const PUBLIC_IPV6: readonly (readonly [string, number])[] = [
  ['2000::', 3], // global unicast
]

const NOT_PUBLIC_IPV6: readonly (readonly [string, number])[] = [
  ['2001::', 23], // protocol assignments: Teredo, benchmarks, ORCHID
  ['2001:db8::', 32], // documentation
  ['2002::', 16], // 6to4: leads to any IPv4 address
  ['3fff::', 20], // documentation
]

/** IPv6 that means an IPv4 address, its last 32 bits: as public as that. */
const IPV4_IN_IPV6 = ['::ffff:', '64:ff9b::'] // mapped (RFC 4291, 2.5.5.2), NAT64 (RFC 6052, 2.1)
const IPV4_IN_IPV6_PREFIX = 96

const publicIpv6 = new BlockList()
const special = new BlockList()
for (const [network, prefix] of NOT_PUBLIC_IPV4) {
  special.addSubnet(network, prefix, 'ipv4')
  for (const head of IPV4_IN_IPV6) special.addSubnet(`${head}${network}`, IPV4_IN_IPV6_PREFIX + prefix, 'ipv6')
}
for (const [network, prefix] of NOT_PUBLIC_IPV6) special.addSubnet(network, prefix, 'ipv6')
for (const [network, prefix] of PUBLIC_IPV6) publicIpv6.addSubnet(network, prefix, 'ipv6')
for (const head of IPV4_IN_IPV6) publicIpv6.addSubnet(`${head}0.0.0.0`, IPV4_IN_IPV6_PREFIX, 'ipv6')

/** Is this an address on the public internet? What is no address is none. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address)
  // An address with a zone (fe80::1%eth0) is local by that.
  if (family === 0 || address.includes('%')) return false
  if (family === 4) return !special.check(address, 'ipv4')
  return publicIpv6.check(address, 'ipv6') && !special.check(address, 'ipv6')
}
