// The part of a stream that comes after trades: delivering them, and taking them back.
#include <cstring>

#include "command_stream.hpp"
#include "events.hpp"
#include "trades.hpp"
#include "wire.hpp"

namespace exchange::engine::testing {
namespace {

constexpr std::size_t kTradesSeen = 16;
constexpr std::int64_t kSecond = 1'000'000'000;

template <class Record>
Record front(std::string_view bytes) {
  Record record;
  std::memcpy(&record, bytes.data(), sizeof record);
  return record;
}

}  // namespace

void CommandStream::saw(std::string_view results, const ByteBuffer& events) {
  const ReadResult read = read_results(results).front();
  if (read.order) saw_order(read.order->view);
  for (const ReadOrderResult& one : read.orders) {
    if (one.order) saw_order(one.order->view);
  }
  std::string_view rest = events.view().substr(sizeof(BlockHead));
  while (!rest.empty()) {
    const auto head = front<EventHead>(rest);
    if (head.kind == EventKind::kTrade) saw_trade(front<TradeView>(rest.substr(sizeof head)));
    if (head.kind == EventKind::kBalanceChanged) saw_balance(front<BalanceChangeView>(rest.substr(sizeof head)));
    rest.remove_prefix(head.bytes);
  }
}

void CommandStream::saw_trade(const TradeView& trade) {
  traded_.push_back(as_made(trade, time_ns_ + static_cast<std::int64_t>(5 + trade.trade_id % 400) * kSecond,
                            trade.instrument_id == kAcmeKk99 ? last_value_date_ : 0));
  if (traded_.size() > kTradesSeen) traded_.erase(traded_.begin());
}

// A trade that nobody made, under a number that one may have.
BustedTrade CommandStream::invent_trade() {
  const auto instrument = any<std::uint32_t>({kBtcKk99, kEthBtc, kAcmeKk99, kEurKk99, future_id_, option_id_});
  const bool margin = instrument != kBtcKk99 && instrument != kEthBtc && instrument != kAcmeKk99;
  return {.trade_id = 1 + static_cast<std::uint64_t>(below(40)),
          .maker_account_id = account(),
          .taker_account_id = account(),
          .price = margin ? margin_price(instrument) : 5 * (2'000 + below(12)),
          .quantity = margin ? margin_lot(instrument) * (1 + below(10)) : 10 * (1 + below(40)),
          .maker_fee = below(9) - 4,
          .taker_fee = below(20),
          .value_time_ns = time_ns_ + kSecond,
          .instrument_id = instrument,
          .value_date = instrument == kAcmeKk99 ? last_value_date_ - static_cast<std::uint32_t>(below(4)) : 0,
          .taker_side = any({Side::kBuy, Side::kSell})};
}

// Mostly as it was made; those that were taken back stay among the newest for a while.
std::string CommandStream::bust() {
  BustedTrade trade = invent_trade();
  if (!traded_.empty() && !one_in(8)) trade = traded_[static_cast<std::size_t>(below(std::ssize(traded_)))];
  switch (below(30)) {
    case 0: trade.trade_id = any<std::uint64_t>({0, 1'000'000, trade.trade_id ^ std::uint64_t{1} << 60}); break;
    case 1: trade.price = any<std::int64_t>({0, -5, 3, trade.price * 2, INT64_MAX, INT64_MIN}); break;
    case 2: trade.quantity = any<std::int64_t>({0, -1, trade.quantity * 2, INT64_MAX, INT64_MIN}); break;
    case 3: trade.maker_account_id = account(); break;
    case 4: trade.instrument_id = any<std::uint32_t>({99, kBtcKk99, kEthBtc, kEurKk99}); break;
    case 5: trade.taker_fee = any<std::int64_t>({-trade.taker_fee, 0, INT64_MAX, INT64_MIN + 1}); break;
    case 6: trade.value_time_ns = any<std::int64_t>({0, time_ns_, time_ns_ + kSecond}); break;
    case 7: trade.taker_side = trade.taker_side == Side::kBuy ? Side::kSell : Side::kBuy; break;
    case 8: trade.value_date = any<std::uint32_t>({0, 1, last_value_date_, 20'260'101}); break;
    default: break;
  }
  return encode(BustTrade{&trade});
}

// Mostly the next date, or the delivery of the oldest one.
std::string CommandStream::settle() {
  const std::uint32_t instrument = one_in(20) ? any<std::uint32_t>({99, kBtcKk99, kEurKk99}) : kAcmeKk99;
  const bool other = one_in(8);
  if (value_dates_.size() < 2 || one_in(2)) {
    const std::uint32_t date = last_value_date_ + (other ? static_cast<std::uint32_t>(below(3)) - 1 : 1);
    if (instrument == kAcmeKk99 && date > last_value_date_ && value_dates_.size() < 8) {
      value_dates_.push_back(date);
      last_value_date_ = date;
    }
    return encode(SetValueDate{instrument, other && one_in(4) ? 20'000 : date});
  }
  const std::uint32_t date = other ? last_value_date_ - static_cast<std::uint32_t>(below(8)) : value_dates_.front();
  if (instrument == kAcmeKk99 && date == value_dates_.front()) value_dates_.pop_front();
  return encode(DeliverTrades{instrument, date});
}

}  // namespace exchange::engine::testing
