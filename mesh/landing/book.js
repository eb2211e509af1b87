// Shows the top of each book, asked for once a second through the public REST API.

const LEVELS = 8;
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
    throw new Error(`${path} answered ${answer.status}`);
  }
  return answer.json();
}

function section(side, levels) {
  const rows = document.createElement("tbody");
  rows.className = side;
  rows.setAttribute("aria-label", side);
  for (const { price, quantity } of levels) {
    const row = rows.insertRow();
    for (const text of [price, quantity]) {
      row.insertCell().textContent = text;
    }
  }
  return rows;
}

function heading() {
  const head = document.createElement("thead");
  const row = head.insertRow();
  for (const text of ["price", "quantity"]) {
    const cell = document.createElement("th");
    cell.scope = "col";
    cell.textContent = text;
    row.append(cell);
  }
  return head;
}

function table(instrument, { asks = [], bids = [] }) {
  const shown = document.createElement("table");
  shown.createCaption().textContent = instrument;
  shown.append(
    heading(),
    section("asks", asks.slice(0, LEVELS).reverse()),
    section("bids", bids.slice(0, LEVELS)),
  );
  return shown;
}

async function refresh() {
  const { instruments = [] } = await ask("/v1/instruments");
  const symbols = instruments.slice(0, MAX_INSTRUMENTS).map(({ instrument }) => instrument);
  const books = await Promise.all(symbols.map((symbol) => ask(`/v1/instruments/${symbol}/book?depth=10`)));
  document.getElementById("books").replaceChildren(...books.map((book, at) => table(symbols[at], book)));
  return `${instruments.length} instruments; the books are refreshed each second.`;
}

function tell(sentence) {
  const status = document.getElementById("status");
  if (status.textContent !== sentence) {
    status.textContent = sentence; // read aloud only when it says something new
  }
}

async function keepFresh() {
  if (!document.hidden) {
    await refresh().then(tell, (error) => tell(`No market data right now: ${error.message}`));
  }
  setTimeout(keepFresh, REFRESH_MS);
}

document.getElementById("first-order").textContent = FIRST_ORDER;
keepFresh();
