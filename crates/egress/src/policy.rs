//! Which addresses requests may go to.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;

use crate::special_purpose::{Purpose, purpose_of};

/// Which addresses requests may go to: public ones, and those of the ranges that are allowed. Ports are free.
#[derive(Debug, Clone)]
pub struct AddressPolicy {
    allowed: Vec<IpNet>,
    denied: Vec<IpNet>,
    /// The addresses of this machine, if they are known better than from its interfaces.
    own: Option<Vec<IpAddr>>,
}

/// The address may not be reached.
#[derive(Debug, thiserror::Error, Clone, Copy, PartialEq, Eq)]
#[error("{address} is {purpose}, and requests go to public addresses only")]
pub struct AddressRefused {
    address: IpAddr,
    purpose: Purpose,
}

impl AddressRefused {
    /// The address.
    pub fn address(&self) -> IpAddr {
        self.address
    }
}

impl AddressPolicy {
    /// Public addresses, and no others.
    pub fn public_only() -> Self {
        Self { allowed: Vec::new(), denied: Vec::new(), own: None }
    }

    /// Allows a range, whatever its purpose.
    #[must_use]
    pub fn allow(mut self, range: IpNet) -> Self {
        self.allowed.push(range);
        self
    }

    /// Denies a range, even if it is public or allowed.
    #[must_use]
    pub fn deny(mut self, range: IpNet) -> Self {
        self.denied.push(range);
        self
    }

    /// Checks one address. An IPv4-mapped address (`::ffff:…`) is judged as the IPv4 address that it stands for: the
    /// connection goes there.
    ///
    /// # Errors
    /// When the address has a special purpose and no allowed range contains it.
    pub fn check(&self, address: IpAddr) -> Result<(), AddressRefused> {
        let address = address.to_canonical();
        let refused = |purpose| Err(AddressRefused { address, purpose });
        if self.denied.iter().any(|range| range.contains(&address)) {
            return refused("denied by this server's configuration");
        }
        if self.allowed.iter().any(|range| range.contains(&address)) {
            return Ok(());
        }
        match purpose_of(address) {
            Some(purpose) => refused(purpose),
            // Its services may listen there for itself alone.
            None if self.is_own(address) => refused("an address of this very machine"),
            None => Ok(()),
        }
    }

    fn is_own(&self, address: IpAddr) -> bool {
        match &self.own {
            Some(own) => own.contains(&address),
            // Asked each time: an interface may come up at any moment, and asking takes less than connecting.
            None => if_addrs::get_if_addrs()
                .is_ok_and(|interfaces| interfaces.iter().any(|interface| interface.ip() == address)),
        }
    }

    /// Checks all addresses of a name. One that may not be reached is enough to refuse: a name with public and private
    /// addresses at once is a mistake, or an attempt to get in.
    pub(crate) fn check_all(&self, addresses: &[SocketAddr]) -> Result<(), AddressRefused> {
        addresses.iter().try_for_each(|address| self.check(address.ip()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(policy: &AddressPolicy, address: &str) -> Result<(), AddressRefused> {
        policy.check(address.parse().unwrap())
    }

    #[test]
    fn special_purpose_addresses_are_refused_and_their_neighbours_are_not() {
        // Each block: its first and last address, then the public addresses next to it.
        let blocks: [(&str, &str, &[&str]); 32] = [
            ("0.0.0.0", "0.255.255.255", &["1.0.0.0"]),
            ("10.0.0.0", "10.255.255.255", &["9.255.255.255", "11.0.0.0"]),
            ("100.64.0.0", "100.127.255.255", &["100.63.255.255", "100.128.0.0"]),
            ("127.0.0.0", "127.255.255.255", &["126.255.255.255", "128.0.0.0"]),
            ("161.26.0.0", "161.26.255.255", &["161.25.255.255", "161.27.0.0"]),
            ("166.8.0.0", "166.11.255.255", &["166.7.255.255", "166.12.0.0"]),
            ("168.63.129.16", "168.63.129.16", &["168.63.129.15", "168.63.129.17"]),
            ("169.254.0.0", "169.254.255.255", &["169.253.255.255", "169.255.0.0"]),
            ("172.16.0.0", "172.31.255.255", &["172.15.255.255", "172.32.0.0"]),
            ("192.0.0.0", "192.0.0.255", &["191.255.255.255", "192.0.1.0"]),
            ("192.0.2.0", "192.0.2.255", &["192.0.3.0"]),
            ("192.31.196.0", "192.31.196.255", &["192.31.195.255", "192.31.197.0"]),
            ("192.52.193.0", "192.52.193.255", &["192.52.192.255", "192.52.194.0"]),
            ("192.88.99.0", "192.88.99.255", &["192.88.98.255", "192.88.100.0"]),
            ("192.168.0.0", "192.168.255.255", &["192.167.255.255", "192.169.0.0"]),
            ("192.175.48.0", "192.175.48.255", &["192.175.47.255", "192.175.49.0"]),
            ("198.18.0.0", "198.19.255.255", &["198.17.255.255", "198.20.0.0"]),
            ("198.51.100.0", "198.51.100.255", &["198.51.99.255", "198.51.101.0"]),
            ("203.0.113.0", "203.0.113.255", &["203.0.112.255", "203.0.114.0"]),
            ("224.0.0.0", "255.255.255.255", &["223.255.255.255"]),
            ("::", "64:ff9a:ffff:ffff:ffff:ffff:ffff:ffff", &["64:ff9b::5db8:d822"]),
            ("64:ff9b:0:0:0:1::", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", &["2000::"]),
            ("2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", &["2001:200::", "2000:ffff::"]),
            ("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", &["2001:db7::1", "2001:db9::1"]),
            ("2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", &["2003::"]),
            ("2620:4f:8000::", "2620:4f:8000:ffff:ffff:ffff:ffff:ffff", &["2620:4f:8001::"]),
            ("3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", &["3fff:1000::", "3ffe::1"]),
            ("4000::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", &[]),
            // The forms that carry an IPv4 address: mapped, NAT64.
            ("::ffff:127.0.0.1", "::ffff:169.254.169.254", &["::ffff:93.184.216.34"]),
            ("64:ff9b::127.0.0.1", "64:ff9b::169.254.169.254", &["64:ff9b::93.184.216.34"]),
            // Obsolete ones, refused whatever they carry: IPv4-compatible, 6to4.
            ("::127.0.0.1", "::93.184.216.34", &[]),
            ("2002:7f00:1::", "2002:5db8:d822::", &[]),
        ];
        let policy = AddressPolicy::public_only();
        for (first, last, neighbours) in blocks {
            assert!(check(&policy, first).is_err(), "{first}");
            assert!(check(&policy, last).is_err(), "{last}");
            for public in neighbours {
                assert_eq!(check(&policy, public), Ok(()), "{public}");
            }
        }
    }

    #[test]
    fn the_machines_own_addresses_are_refused() {
        let own =
            vec!["93.184.216.34".parse().unwrap(), "2606:2800:21f:cb07:6820:80da:af6b:8b2c".parse().unwrap()];
        let policy = AddressPolicy { own: Some(own), ..AddressPolicy::public_only() };
        for address in ["93.184.216.34", "::ffff:93.184.216.34", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"] {
            let words = check(&policy, address).unwrap_err().to_string();
            assert!(words.contains("an address of this very machine"), "{words}");
            assert_eq!(
                check(
                    &policy.clone().allow("::/0".parse().unwrap()).allow("0.0.0.0/0".parse().unwrap()),
                    address
                ),
                Ok(())
            );
        }
        assert_eq!(check(&policy, "93.184.216.35"), Ok(()));
        // The loopback addresses are among the real ones.
        assert!(AddressPolicy::public_only().is_own("127.0.0.1".parse().unwrap()));
    }

    #[test]
    fn a_denied_range_wins_over_an_allowed_one() {
        let policy = AddressPolicy::public_only()
            .allow("10.0.0.0/8".parse().unwrap())
            .deny("10.1.0.0/16".parse().unwrap())
            .deny("93.184.216.0/24".parse().unwrap());
        assert_eq!(check(&policy, "10.2.0.1"), Ok(()));
        for closed in ["10.1.0.1", "::ffff:10.1.0.1", "93.184.216.34"] {
            let words = check(&policy, closed).unwrap_err().to_string();
            assert!(words.contains("denied by this server's configuration"), "{words}");
        }
    }

    #[test]
    fn services_of_cloud_platforms_are_refused() {
        for address in [
            "168.63.129.16",
            "169.254.169.254",
            "fd00:ec2::254",
            "100.100.100.200",
            "192.0.0.192",
            "161.26.0.10",
        ] {
            assert!(check(&AddressPolicy::public_only(), address).is_err(), "{address}");
            if let Ok(std::net::IpAddr::V4(address)) = address.parse() {
                assert!(
                    check(&AddressPolicy::public_only(), &format!("::ffff:{address}")).is_err(),
                    "{address}"
                );
            }
        }
    }

    #[test]
    fn a_range_can_be_allowed() {
        let policy = AddressPolicy::public_only().allow("10.1.0.0/16".parse().unwrap());
        assert_eq!(check(&policy, "10.1.2.3"), Ok(()));
        assert_eq!(check(&policy, "::ffff:10.1.2.3"), Ok(()));
        for closed in ["10.2.0.0", "127.0.0.1", "64:ff9b::10.1.2.3", "2002:0a01:0203::", "::10.1.2.3"] {
            assert!(check(&policy, closed).is_err(), "{closed}");
        }
    }

    #[test]
    fn the_refusal_says_what_the_address_is() {
        let refused = |address| check(&AddressPolicy::public_only(), address).unwrap_err().to_string();
        assert_eq!(
            refused("169.254.169.254"),
            "169.254.169.254 is a link-local address (RFC 3927), and requests go to public addresses only"
        );
        assert!(refused("::ffff:10.0.0.1").starts_with("10.0.0.1 "));
        assert!(refused("64:ff9b::7f00:1").contains("loopback"));
    }

    #[test]
    fn one_private_address_refuses_the_whole_answer() {
        let answer = ["93.184.216.34:0".parse().unwrap(), "10.0.0.1:0".parse().unwrap()];
        let policy = AddressPolicy::public_only();
        assert!(policy.check_all(&answer).is_err());
        assert_eq!(policy.check_all(&answer[..1]), Ok(()));
    }
}
