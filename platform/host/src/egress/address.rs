//! Which addresses are on the public Internet (IANA special-purpose registries, RFC 6890). Unknown
//! IPv6 space is not public: only 2000::/3 is handed out. One address that looks public is not.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Where Azure's machines ask for their identity and settings: outside every special block, and
/// answered by the machine's own host.
const AZURE_PLATFORM: Ipv4Addr = Ipv4Addr::new(168, 63, 129, 16);

/// Whether the address is publicly routable unicast. Embedded IPv4 (mapped, NAT64) is judged by
/// the address inside; tunnels (6to4, Teredo) are refused.
#[must_use]
pub fn is_global(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_global_v4(v4),
        IpAddr::V6(v6) => is_global_v6(v6),
    }
}

fn is_global_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = matches!(
        (a, b, c),
        (0 | 10 | 127, _, _)
            | (100, 64..=127, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 0, 0 | 2)
            | (192, 88, 99)
            | (192, 168, _)
            | (198, 18 | 19, _)
            | (198, 51, 100)
            | (203, 0, 113)
            | (224..=255, _, _)
    );
    !special && address != AZURE_PLATFORM
}

fn is_global_v6(address: Ipv6Addr) -> bool {
    if let Some(v4) = address.to_ipv4_mapped() {
        return is_global_v4(v4);
    }
    let [s0, s1, s2, s3, s4, s5, s6, s7] = address.segments();
    if (s0, s1, s2, s3, s4, s5) == (0x64, 0xff9b, 0, 0, 0, 0) {
        let [a, b] = s6.to_be_bytes();
        let [c, d] = s7.to_be_bytes();
        return is_global_v4(Ipv4Addr::new(a, b, c, d));
    }
    let handed_out = s0 & 0xe000 == 0x2000;
    let protocol_assignments = s0 == 0x2001 && s1 < 0x0200; // Teredo, ORCHID, benchmarking
    let documentation = (s0 == 0x2001 && s1 == 0x0db8) || (s0 == 0x3fff && s1 < 0x1000);
    let six_to_four = s0 == 0x2002;
    handed_out && !protocol_assignments && !documentation && !six_to_four
}
