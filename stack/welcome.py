"""What the person at the terminal can do with a stack that is ready."""

from stack import envoy
from stack.demo.account import VISITOR
from stack.demo.instruments import INSTRUMENTS
from stack.site import Site


def welcome(site: Site) -> str:
    """Give the addresses, the demo user, and a first request to copy."""
    edge, authority = envoy.url(site), envoy.trust(site)
    return f"""
  gRPC, grpc-web, REST   {edge}  (also the landing page)
  its authority          {authority}
  edge administration    http://{site.address("edge_admin")}
  logs                   {site.folder("logs")}
  demo user              {VISITOR.email}  password {VISITOR.password}

  curl --http1.1 --cacert {authority} {edge}/v1/instruments/{INSTRUMENTS[0].symbol}/book
"""
