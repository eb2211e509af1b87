// Shows the top of each book, asked for once a second through the public REST API.

const LEVELS = 5;
const REFRESH_MS = 1000;
const MAX_INSTRUMENTS = 6;

const FIRST_ORDER = `edge=${location.origin} ca=certificates/ca.crt
call() { curl --http1.1 --silent --cacert $ca -H 'content-type: application/json' "$@"; }
me='{"email": "me@example.com", "password": "a-long-enough-passphrase"}'
call $edge/v1/auth/register -d "$me"
token=$(call $edge/v1/auth/login -d "$me" | python3 -c 'import json, sys; print(json.load(sys.stdin)["tokens"]["access_token"])')
call $edge/v1/sandbox/fund -H "authorization: Bearer $token" -d '{"request_id": "fund-1", "asset": "KK99", "amount": "1000"}'
call $edge/v1/orders -H "authorization: Bearer $token" -d '{"client_order_id": "order-1", "instrument": "BTC-KK99",
  "side": "SIDE_BUY", "type": "ORDER_TYPE_LIMIT", "time_in_force": "TIME_IN_FORCE_GTC", "price": "1000.00", "quantity": "0.0100"}'`;

async function ask(path) {
  const answer = await fetch(path);
  if (!answer.ok) {
    throw new Error(`${path}: ${answer.status} ${(await answer.json()).message}`);
  }
  return answer.json();
}

function row(level, side) {
  const line = document.createElement("tr");
  line.className = side;
  for (const text of [level.price, level.quantity]) {
    line.insertCell().textContent = text;
  }
  return line;
}

function table(instrument, book) {
  const shown = document.createElement("table");
  shown.className = "book";
  shown.createCaption().textContent = instrument;
  shown.append(
    ...book.asks.slice(0, LEVELS).reverse().map((level) => row(level, "ask")),
    ...book.bids.slice(0, LEVELS).map((level) => row(level, "bid")),
  );
  return shown;
}

async function refresh() {
  const { instruments } = await ask("/v1/instruments");
  const symbols = instruments.slice(0, MAX_INSTRUMENTS).map(({ instrument }) => instrument);
  const books = await Promise.all(symbols.map((symbol) => ask(`/v1/instruments/${symbol}/book`)));
  document.getElementById("books").replaceChildren(...books.map((book, at) => table(symbols[at], book)));
  return `${instruments.length} instruments, ${new Date().toLocaleTimeString()}`;
}

async function keepFresh() {
  const status = document.getElementById("status");
  try {
    status.textContent = await refresh();
  } catch (error) {
    status.textContent = error.message;
  }
  setTimeout(keepFresh, REFRESH_MS);
}

document.getElementById("first-order").textContent = FIRST_ORDER;
keepFresh();
