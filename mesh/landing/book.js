// The market on the landing page: the top of each book, asked for through the public REST API.

import { newCard, show } from "./card.js";

const REFRESH_MS = 500;
const MAX_INSTRUMENTS = 6;

const FIRST_ORDER = `edge=${location.origin} ca=certificates/ca.crt
call() { curl --http1.1 --silent --cacert $ca -H 'content-type: application/json' "$@"; }
me='{"email": "me@example.com", "password": "a-long-enough-passphrase"}'
call $edge/v1/auth/register -d "$me"
token=$(call $edge/v1/auth/login -d "$me" | python3 -c 'import json, sys; print(json.load(sys.stdin)["tokens"]["access_token"])')
call $edge/v1/sandbox/fund -H "authorization: Bearer $token" -d '{"request_id": "fund-1", "asset": "KK99", "amount": "1000"}'
call $edge/v1/orders -H "authorization: Bearer $token" -d '{"client_order_id": "order-1", "instrument": "BTC-KK99",
  "side": "SIDE_BUY", "type": "ORDER_TYPE_LIMIT", "time_in_force": "TIME_IN_FORCE_GTC", "price": "1000.00", "quantity": "0.0100"}'`;

const cards = new Map();

async function ask(path) {
  const answer = await fetch(path);
  if (!answer.ok) {
    throw new Error(`${path} answered ${answer.status}`);
  }
  return answer.json();
}

function cardOf(symbol) {
  if (!cards.has(symbol)) {
    cards.set(symbol, newCard(symbol));
    document.getElementById("books").append(cards.get(symbol).node);
  }
  return cards.get(symbol);
}

async function refresh() {
  const { instruments = [] } = await ask("/v1/instruments");
  const symbols = instruments.slice(0, MAX_INSTRUMENTS).map(({ instrument }) => instrument);
  const books = await Promise.all(symbols.map((symbol) => ask(`/v1/instruments/${symbol}/book?depth=10`)));
  books.forEach((book, at) => show(cardOf(symbols[at]), book));
  return `Live: ${instruments.length} instruments, refreshed twice a second; changes count from when the page was opened.`;
}

function tell(sentence, live) {
  const status = document.getElementById("status");
  status.className = live ? "live" : "stale";
  if (status.textContent !== sentence) {
    status.textContent = sentence; // read aloud only when it says something new
  }
}

async function keepFresh() {
  if (!document.hidden) {
    await refresh().then(
      (sentence) => tell(sentence, true),
      (error) => tell(`No market data right now: ${error.message}`, false),
    );
  }
  setTimeout(keepFresh, REFRESH_MS);
}

document.getElementById("first-order").textContent = FIRST_ORDER;
keepFresh();
