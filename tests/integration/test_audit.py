"""What the audit says of the gateway itself, and that its chain closes behind it."""

import pytest

from support import until


def sealed(gateway):
    return gateway.sql("SELECT kind, actor FROM audit WHERE number IS NOT NULL ORDER BY number")


@pytest.mark.gateway(conf="kabinet_unsafe on;")
def test_an_unsafe_start_is_audited(gateway, ctl):
    until(lambda: ("unsafe_start", "gateway") in sealed(gateway))
    assert ctl("audit", "verify").returncode == 0


def test_a_sign_in_is_sealed_within_moments(gateway, ctl):
    gateway.signed_in()
    until(lambda: ("sign_in", "self") in sealed(gateway))
    assert "unsafe_start" not in dict(sealed(gateway))
    assert ctl("audit", "verify").returncode == 0
