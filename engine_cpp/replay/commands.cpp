#include "commands.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <protozero/pbf_reader.hpp>

#include "money.hpp"
#include "wire_writer.hpp"

namespace exchange::engine::replay {
namespace {

using Field = WireWriter::Field;

// Fields of `Command`.
constexpr Field kPlaceOrder = 1;
constexpr Field kCancelOrder = 2;
constexpr Field kTransferIn = 3;
constexpr Field kOpenAccount = 5;
constexpr Field kCreateInstrument = 6;
constexpr Field kAmendOrder = 8;

constexpr std::uint32_t kQuoteAsset = 1;
constexpr std::uint32_t kSpare = 8;
// No order has this number: what a step does to an id that was never placed is refused.
constexpr std::uint64_t kNoOrder = (std::uint64_t{1} << 56) - 1;

constexpr std::uint32_t base_asset(std::uint32_t symbol) { return symbol + 2; }
constexpr std::uint32_t instrument_id(std::uint32_t symbol) { return symbol + 1; }
constexpr std::uint64_t account_id(std::uint32_t account) { return std::uint64_t{account} + 1; }

bool has_price(const Step& step) { return step.op != Op::kCancel && step.op != Op::kReduce; }
bool is_new(const Step& step) { return step.op == Op::kLimit || step.op == Op::kIoc; }

void sort_unique(std::vector<std::uint32_t>& values) {
  std::ranges::sort(values);
  values.erase(std::ranges::unique(values).begin(), values.end());
}

template <class Write>
std::string command(Field kind, Write write) {
  ByteBuffer bytes;
  WireWriter(bytes).message(kind, write);
  return std::string(bytes.view());
}

void write_asset(WireWriter& out, std::uint32_t asset_id, std::string_view symbol) {
  out.put(1, asset_id);
  out.put(2, symbol);
}

// Prices and quantities are whole numbers, so a notional is one too.
void write_instrument(WireWriter& out, std::uint32_t symbol) {
  const std::string base = std::string("A").append(std::to_string(symbol));
  out.put(1, instrument_id(symbol));
  const std::string name = base + "-CASH";
  out.put(2, std::string_view(name));
  out.put(3, AssetClass::kCrypto);
  out.message(4, [&](WireWriter& asset) { write_asset(asset, base_asset(symbol), base); });
  out.message(5, [&](WireWriter& asset) { write_asset(asset, kQuoteAsset, "CASH"); });
  out.put(8, 1);
  out.put(9, 1);
  out.put(10, 1);
  out.put(11, std::numeric_limits<std::uint32_t>::max());
  out.put(12, 1);
  out.put(13, kMaxAmount);
  out.put(14, kBasisPoints);
  out.put(15, TradingPhase::kContinuous);
}

}  // namespace

Listings::Listings(const Recording& recording) : recording_(recording), traders_(recording.symbols) {
  std::int64_t lowest = 1;
  std::int64_t open = 0;
  std::int64_t peak = 0;
  for (const Step& step : recording.steps) {
    if (has_price(step)) lowest = std::min<std::int64_t>(lowest, step.price);
    if (has_price(step)) ++priced_steps_;
    open += step.op == Op::kLimit ? 1 : step.op == Op::kCancel && open > 0 ? -1 : 0;
    peak = std::max(peak, open);
    accounts_.push_back(step.account);
    traders_[step.symbol].push_back(step.account);
    if (accounts_.size() > recording.steps.size() / 2) sort_unique(accounts_);
  }
  price_shift_ = 1 - lowest;
  peak_orders_ = static_cast<std::uint32_t>(peak);
  sort_unique(accounts_);
  for (auto& traders : traders_) sort_unique(traders);
}

std::vector<std::string> Listings::set_up() const {
  std::vector<std::string> commands;
  for (std::uint32_t symbol = 0; symbol < recording_.symbols; ++symbol) {
    commands.push_back(command(kCreateInstrument, [&](WireWriter& body) {
      body.message(1, [&](WireWriter& instrument) { write_instrument(instrument, symbol); });
    }));
  }
  for (const std::uint32_t account : accounts_) {
    commands.push_back(command(kOpenAccount, [&](WireWriter& body) { body.put(1, account_id(account)); }));
  }
  std::uint64_t transfers = 0;
  const auto fund = [&](std::uint32_t asset, const std::vector<std::uint32_t>& accounts) {
    for (const std::uint32_t account : accounts) {
      commands.push_back(command(kTransferIn, [&](WireWriter& body) {
        body.put(1, ++transfers);
        body.put(2, account_id(account));
        body.put(3, asset);
        body.put(4, kMaxAmount / std::ssize(accounts));
      }));
    }
  };
  fund(kQuoteAsset, accounts_);
  for (std::uint32_t symbol = 0; symbol < recording_.symbols; ++symbol) fund(base_asset(symbol), traders_[symbol]);
  return commands;
}

Limits Listings::limits(std::uint32_t id_window) const {
  std::size_t pairs = accounts_.size();
  for (const auto& traders : traders_) pairs += traders.size();
  Limits limits;
  limits.instruments = recording_.symbols;
  limits.assets = recording_.symbols + 1;
  limits.accounts = static_cast<std::uint32_t>(accounts_.size() + kSpare);
  limits.balances = static_cast<std::uint32_t>(pairs + kSpare);
  limits.open_orders = peak_orders_ + kSpare;
  limits.orders = peak_orders_ + id_window + kSpare;
  limits.ids = limits.orders;
  limits.levels = std::min(priced_steps_, limits.open_orders) + kSpare;
  limits.ids_per_account = limits.ids;
  limits.open_orders_per_account = limits.open_orders;
  limits.id_window_ns = id_window * kNsPerCommand;
  return limits;
}

Translator::Translator(const Recording& recording, const Listings& listings, std::int64_t id_window_ns)
    : recording_(recording),
      price_shift_(listings.price_shift()),
      id_window_ns_(id_window_ns),
      numbers_(std::size_t{recording.max_id} + 1, kNoOrder) {
  ids_.reserve(recording.steps.size() + 1);
}

void Translator::translate(std::size_t at, std::size_t count, std::int64_t time_ns, Batch& batch) {
  request_.clear();
  WireWriter request(request_);
  for (std::size_t i = at; i < at + count; ++i) {
    const Step& step = recording_.steps[i];
    request.message(1, [&](WireWriter& out) {
      if (is_new(step)) return place(out, step, i, time_ns);
      step.op == Op::kCancel ? cancel(out, step, time_ns) : amend(out, step, time_ns);
    });
  }
  request.put(2, ResponseMode::kAck);
  const Reason reason = Core::decode(std::as_bytes(std::span(request_.view())), kAllCommandKinds, batch);
  if (reason != Reason::kNone) throw std::logic_error("a translated step cannot be decoded");
}

// An order of no quantity is refused before it gets a number.
void Translator::place(WireWriter& out, const Step& step, std::size_t at, std::int64_t time_ns) {
  char id[kMaxClientIdSize] = {'o'};
  const char* const end = std::to_chars(id + 1, id + sizeof id, at).ptr;
  out.message(kPlaceOrder, [&](WireWriter& body) {
    body.put(1, account_id(step.account));
    body.put(2, std::string_view(id, end));
    body.put(3, instrument_id(step.symbol));
    body.put(4, step.sells != 0 ? Side::kSell : Side::kBuy);
    body.put(5, OrderType::kLimit);
    body.put(6, step.op == Op::kIoc ? TimeInForce::kIoc : TimeInForce::kGtc);
    body.put(8, SelfTradePrevention::kNone);
    body.put_signed(9, step.price + price_shift_);
    body.put(10, step.quantity);
    body.put(12, time_ns + id_window_ns_);
  });
  if (step.quantity == 0) return;
  numbers_[step.id] = ids_.size();
  ids_.push_back(step.id);
}

void Translator::cancel(WireWriter& out, const Step& step, std::int64_t time_ns) {
  out.message(kCancelOrder, [&](WireWriter& body) {
    body.put(1, account_id(step.account));
    body.put(2, numbers_[step.id]);
    body.put(5, time_ns + id_window_ns_);
  });
}

void Translator::amend(WireWriter& out, const Step& step, std::int64_t time_ns) {
  out.message(kAmendOrder, [&](WireWriter& body) {
    body.put(1, account_id(step.account));
    body.put(2, numbers_[step.id]);
    if (step.op != Op::kMove) body.put_present(5, step.quantity);
    if (step.op != Op::kReduce) body.put_signed(6, step.price + price_shift_);
    body.put(11, step.op != Op::kReduce);
    body.put(13, time_ns + id_window_ns_);
  });
}

std::vector<ReadAnswer> read_answers(std::string_view response) {
  std::vector<ReadAnswer> answers;
  protozero::pbf_reader in(response.data(), response.size());
  while (in.next(1)) {
    ReadAnswer& answer = answers.emplace_back();
    protozero::pbf_reader result = in.get_message();
    while (result.next()) {
      if (result.tag() == 2) {
        answer.reason = result.get_uint32();
      } else if (result.tag() == 6) {
        answer.order_id = result.get_uint64();
      } else {
        result.skip();
      }
    }
  }
  return answers;
}

}  // namespace exchange::engine::replay
