"""The demo market: a real feed, mirrored into the exchange through its public API.

The feed's half, from the wire inwards:
- protocol, venue, rest, feed: Binance's market data as its documentation defines it, spot and USD-M futures;
- book, sync: local books, kept by Binance's published procedure;
- session, recording, market_model, generator, server: sessions, recorded or seeded, played over HTTP and WebSocket.

The exchange's half:
- instruments: what is listed, and which symbol each one mirrors;
- edge, account: users of the public API, patient with servers that restart;
- quotes, desk, taker, rate: one order per mirrored level, trades after the feed's, at most so many commands a second;
- public_market, ticker: what everyone can see of it, on one line;
- market: all of it together.

Invariants: 1. no price or quantity is ever a float; 2. a feed's book is shown only while it is contiguous with its
snapshot; 3. the maker never quotes into itself; 4. a clean stop leaves no order of the maker.
"""
