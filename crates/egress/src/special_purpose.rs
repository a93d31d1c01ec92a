//! The addresses that are not public: IANA's special-purpose address registries for IPv4 and IPv6, and the multicast and
//! reserved blocks, each with the document that sets it apart; and the addresses at which cloud platforms serve their
//! machines alone, although they look public.
//!
//! The registries give some of these blocks as globally reachable (anycast services of the Internet's own machinery). No
//! webhook lives there either, so that they are refused like the others.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{Ipv4Net, Ipv6Net};

/// What an address is for, in words that complete "is …".
pub(crate) type Purpose = &'static str;

/// What the address is for, if it is not a public one.
///
/// A NAT64 address (RFC 6052) stands for the IPv4 address in it, and is public if that one is: in a network without IPv4
/// every host on the IPv4 Internet has such an address. Other forms that carry an IPv4 address (6to4, Teredo,
/// IPv4-compatible) are obsolete and never public. An IPv4-mapped address is the caller's to unwrap.
pub(crate) fn purpose_of(address: IpAddr) -> Option<Purpose> {
    match address {
        IpAddr::V4(address) => of_ipv4(address),
        IpAddr::V6(address) if NAT64.contains(&address) => {
            let [.., a, b, c, d] = address.octets();
            of_ipv4(Ipv4Addr::new(a, b, c, d))
        }
        IpAddr::V6(address) => of_ipv6(address),
    }
}

fn of_ipv4(address: Ipv4Addr) -> Option<Purpose> {
    IPV4.iter().find(|(net, _)| net.contains(&address)).map(|(_, purpose)| *purpose)
}

fn of_ipv6(address: Ipv6Addr) -> Option<Purpose> {
    let known = IPV6.iter().find(|(net, _)| net.contains(&address)).map(|(_, purpose)| *purpose);
    known
        .or_else(|| (!GLOBAL_UNICAST.contains(&address)).then_some("not a global unicast address (RFC 4291)"))
}

const NAT64: Ipv6Net = v6([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96);
/// The one block from which public IPv6 addresses are given out.
const GLOBAL_UNICAST: Ipv6Net = v6([0x2000, 0, 0, 0, 0, 0, 0, 0], 3);

const IPV4: [(Ipv4Net, Purpose); 22] = [
    (v4([0, 0, 0, 0], 8), "an address of \"this network\" (RFC 791)"),
    (v4([10, 0, 0, 0], 8), "a private address (RFC 1918)"),
    (v4([100, 64, 0, 0], 10), "a shared address of a provider's NAT (RFC 6598)"),
    (v4([127, 0, 0, 0], 8), "a loopback address (RFC 1122)"),
    (v4([161, 26, 0, 0], 16), "an address of IBM Cloud's own services"),
    (v4([166, 8, 0, 0], 14), "an address of IBM Cloud's own services"),
    (v4([168, 63, 129, 16], 32), "the address of Azure's own services"),
    (v4([169, 254, 0, 0], 16), "a link-local address (RFC 3927)"),
    (v4([172, 16, 0, 0], 12), "a private address (RFC 1918)"),
    (v4([192, 0, 0, 0], 24), "reserved for IETF protocols (RFC 6890)"),
    (v4([192, 0, 2, 0], 24), "a documentation address (RFC 5737)"),
    (v4([192, 31, 196, 0], 24), "an AS112 address (RFC 7535)"),
    (v4([192, 52, 193, 0], 24), "an AMT relay address (RFC 7450)"),
    (v4([192, 88, 99, 0], 24), "a 6to4 relay address (RFC 7526)"),
    (v4([192, 168, 0, 0], 16), "a private address (RFC 1918)"),
    (v4([192, 175, 48, 0], 24), "an AS112 address (RFC 7534)"),
    (v4([198, 18, 0, 0], 15), "a benchmarking address (RFC 2544)"),
    (v4([198, 51, 100, 0], 24), "a documentation address (RFC 5737)"),
    (v4([203, 0, 113, 0], 24), "a documentation address (RFC 5737)"),
    (v4([224, 0, 0, 0], 4), "a multicast address (RFC 5771)"),
    (v4([255, 255, 255, 255], 32), "the broadcast address (RFC 919)"),
    (v4([240, 0, 0, 0], 4), "a reserved address (RFC 1112)"),
];

/// The more specific block comes first.
const IPV6: [(Ipv6Net, Purpose); 17] = [
    (v6([0, 0, 0, 0, 0, 0, 0, 0], 128), "the unspecified address (RFC 4291)"),
    (v6([0, 0, 0, 0, 0, 0, 0, 1], 128), "the loopback address (RFC 4291)"),
    (v6([0, 0, 0, 0, 0, 0, 0, 0], 96), "an IPv4-compatible address (RFC 4291)"),
    (v6([0x64, 0xff9b, 1, 0, 0, 0, 0, 0], 48), "a local NAT64 address (RFC 8215)"),
    (v6([0x100, 0, 0, 0, 0, 0, 0, 0], 64), "a discard-only address (RFC 6666)"),
    (v6([0x100, 0, 0, 1, 0, 0, 0, 0], 64), "a dummy address (RFC 9780)"),
    (v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 32), "a Teredo address (RFC 4380)"),
    (v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 23), "reserved for IETF protocols (RFC 2928)"),
    (v6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32), "a documentation address (RFC 3849)"),
    (v6([0x2002, 0, 0, 0, 0, 0, 0, 0], 16), "a 6to4 address (RFC 3056)"),
    (v6([0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0], 48), "an AS112 address (RFC 7534)"),
    (v6([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20), "a documentation address (RFC 9637)"),
    (v6([0x5f00, 0, 0, 0, 0, 0, 0, 0], 16), "a segment routing address (RFC 9602)"),
    (v6([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7), "a unique local address (RFC 4193)"),
    (v6([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10), "a link-local address (RFC 4291)"),
    (v6([0xfec0, 0, 0, 0, 0, 0, 0, 0], 10), "a site-local address (RFC 3879)"),
    (v6([0xff00, 0, 0, 0, 0, 0, 0, 0], 8), "a multicast address (RFC 4291)"),
];

const fn v4([a, b, c, d]: [u8; 4], prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

const fn v6([a, b, c, d, e, f, g, h]: [u16; 8], prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, d, e, f, g, h), prefix)
}
