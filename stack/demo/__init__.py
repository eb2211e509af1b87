"""The demo market: a real feed, mirrored into the exchange through its public API.

Inside, from the wire inwards:
- protocol, rest, feed: Binance's market data as its documentation defines it, spot and USD-M futures;
- book, sync: local books, kept by Binance's published procedure, in exact integers;
- recording, generator, server: sessions, recorded or seeded, played over real HTTP and WebSocket.

Invariants: no price or quantity is ever a float; a book is shown only while it is contiguous with its snapshot.
"""
