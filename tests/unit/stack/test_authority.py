from pathlib import Path

import pytest
from cryptography import x509

from stack.authority import Authority


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def test_a_process_is_named_by_its_spiffe_id(authority: Authority) -> None:
    identity = authority.process("orders")

    certificate = x509.load_pem_x509_certificate(identity.certificate.read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == ["spiffe://exchange/orders"]
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(identity.authority.read_bytes()))


def test_the_website_has_no_name_in_the_mesh(authority: Authority) -> None:
    certificate = x509.load_pem_x509_certificate(authority.website("localhost").certificate.read_bytes())

    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == []


def test_what_is_current_is_kept(authority: Authority) -> None:
    first = authority.process("orders").certificate.read_bytes()

    assert authority.process("orders").certificate.read_bytes() == first


def test_a_leaf_of_another_authority_is_issued_anew(authority: Authority) -> None:
    first = authority.process("orders").certificate.read_bytes()
    authority.certificate.unlink()

    identity = authority.process("orders")

    assert identity.certificate.read_bytes() != first
    leaf = x509.load_pem_x509_certificate(identity.certificate.read_bytes())
    leaf.verify_directly_issued_by(x509.load_pem_x509_certificate(identity.authority.read_bytes()))


def test_keys_are_private(authority: Authority) -> None:
    assert authority.process("orders").key.stat().st_mode & 0o777 == 0o600
