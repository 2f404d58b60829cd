"""Addresses that people enter: what is asked, and what is refused before anything is asked."""

import pytest

from services.chassis.egress.addresses import EgressRefused, Refusal, is_public, target_of


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("http://example.org/a.ics", "not-https"),
        ("webcal://example.org/a.ics", "not-https"),
        ("file:///etc/passwd", "not-https"),
        ("gopher://example.org/", "not-https"),
        ("//example.org/a.ics", "not-https"),
        ("example.org/a.ics", "not-https"),
        ("https://ada:secret@example.org/a.ics", "with-account"),
        ("https://ada@example.org/a.ics", "with-account"),
        ("https://@example.org/a.ics", "with-account"),
        ("https://example.org:8443/a.ics", "other-port"),
        ("https://example.org:80/a.ics", "other-port"),
        ("https://example.org:99999/a.ics", "not-an-address"),
        ("https://example.org\\@127.0.0.1/a.ics", "not-an-address"),
        ("https://example.org/a.ics\r\nHost: localhost", "not-an-address"),
        ("https://exa mple.org/", "not-an-address"),
        ("https://example.org/é", "not-an-address"),
        (f"https://example.org/{'a' * 2000}", "not-an-address"),
        ("https://[::1", "not-an-address"),
        ("https:///a.ics", "not-a-name"),
        ("https://localhost/a.ics", "not-a-name"),
        ("https://127.0.0.1/a.ics", "not-a-name"),
        ("https://127.1/a.ics", "not-a-name"),
        ("https://2130706433/a.ics", "not-a-name"),
        ("https://0177.0.0.1/a.ics", "not-a-name"),
        ("https://0x7f.0x0.0x0.0x1/a.ics", "not-a-name"),
        ("https://0x7f000001/a.ics", "not-a-name"),
        ("https://169.254.169.254/latest/meta-data/", "not-a-name"),
        ("https://8.8.8.8/a.ics", "not-a-name"),
        ("https://１２７.0.0.1/a.ics", "not-a-name"),
        ("https://127。0。0。1/a.ics", "not-a-name"),
        ("https://[::1]/a.ics", "not-a-name"),
        ("https://[::ffff:127.0.0.1]/a.ics", "not-a-name"),
        ("https://[64:ff9b::7f00:1]/a.ics", "not-a-name"),
        ("https://[2606:4700::1]/a.ics", "not-a-name"),
        ("https://example..org/a.ics", "not-a-name"),
        ("https://exa%2dmple.org/a.ics", "not-a-name"),
        (f"https://{'a' * 64}.org/a.ics", "not-a-name"),
    ],
)
def test_what_is_refused_for_what_it_is(address: str, why: str) -> None:
    with pytest.raises(EgressRefused) as refused:
        target_of(address)
    assert refused.value.why == Refusal(why)


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("https://example.org", "https://example.org/"),
        ("https://EXAMPLE.org:443/a.ics?key=1&b=2", "https://example.org/a.ics?key=1&b=2"),
        ("https://example.org./a.ics#part", "https://example.org/a.ics"),
        ("https://bücher.example/a.ics", "https://xn--bcher-kva.example/a.ics"),
        ("https://a-b.example.org/a%20b.ics", "https://a-b.example.org/a%20b.ics"),
    ],
)
def test_what_is_asked_has_one_spelling(address: str, url: str) -> None:
    assert target_of(address).url == url
    assert target_of(target_of(address).url).url == url


def test_an_operator_lists_hosts_and_ports() -> None:
    hosts = ("example.org", ".example.be")
    assert target_of("https://example.org/", hosts=hosts).host == "example.org"
    assert target_of("https://cal.example.be/", hosts=hosts).host == "cal.example.be"
    for other in ("a.example.org", "example.be", "notexample.be", "example.org.evil.example"):
        with pytest.raises(EgressRefused) as refused:
            target_of(f"https://{other}/", hosts=hosts)
        assert refused.value.why is Refusal.NOT_LISTED
    assert target_of("https://example.org:8443/", ports=(443, 8443)).url == "https://example.org:8443/"


PRIVATE = (
    "0.0.0.0 10.0.0.1 100.64.0.1 127.0.0.1 127.255.255.254 169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.1 "
    "192.0.2.1 192.88.99.1 192.168.1.1 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.255 240.0.0.1 "
    "255.255.255.255 :: ::1 ::127.0.0.1 ::8.8.8.8 ::ffff:127.0.0.1 ::ffff:169.254.169.254 ::ffff:8.8.8.8 "
    "64:ff9b::7f00:1 64:ff9b::808:808 64:ff9b:1::1 100::1 2001::1 2001:0:7f00:1::1 2001:db8::1 2002:7f00:1::1 "
    "2002:808:808::1 fc00::1 fd00:ec2::254 fe80::1 fe80::1%eth0 2606:4700::1%eth0 fec0::1 ff02::1 3fff::1 "
)


@pytest.mark.parametrize("address", [*PRIVATE.split(), "", "localhost", "0177.0.0.1", "2130706433", "0x7f000001"])
def test_what_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "193.191.1.1", "100.63.0.1", "172.32.0.1", "2606:4700::1", "2a02::1"])
def test_what_is_public(address: str) -> None:
    assert is_public(address)
