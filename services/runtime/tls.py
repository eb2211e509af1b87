"""Certificates of the mesh: every connection between processes shows one on both sides."""

from dataclasses import dataclass
from pathlib import Path

import grpc


@dataclass(frozen=True, slots=True)
class Identity:
    """Files in PEM: the authority that all trust, this process's certificate, its key."""

    authority: Path
    certificate: Path
    key: Path

    def server_credentials(self) -> grpc.ServerCredentials:
        """Return what a server shows, and asks of its clients; raises OSError for a file that cannot be read."""
        pair = (self.key.read_bytes(), self.certificate.read_bytes())
        return grpc.ssl_server_credentials([pair], self.authority.read_bytes(), require_client_auth=True)

    def channel_credentials(self) -> grpc.ChannelCredentials:
        """Return what a client shows, and asks of its server; raises OSError for a file that cannot be read."""
        return grpc.ssl_channel_credentials(
            self.authority.read_bytes(), self.key.read_bytes(), self.certificate.read_bytes()
        )
