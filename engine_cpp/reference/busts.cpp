// Trades that are taken back, in the naive engine.
#include <algorithm>

#include "engine.hpp"

namespace exchange::engine::reference {
namespace {

constexpr std::int64_t kLargest = std::int64_t{1} << 61;

Wide ten_to(int exponent) { return exponent == 0 ? 1 : 10 * ten_to(exponent - 1); }

}  // namespace

Result Engine::on(const BustTrade& command) {
  const BustedTrade& trade = *command.trade;
  if (const auto known = busts_.find(trade.trade_id); known != busts_.end()) {
    if (known->second.trade == trade) return {known->second.asked_seq, Reason::kNone, true};
    return {now_.engine_seq, Reason::kTradeNotBustable};
  }
  if (const Reason reason = check_bust(trade); reason != Reason::kNone) return {now_.engine_seq, reason};
  busts_[trade.trade_id] = {trade, now_.engine_seq};
  BustLeft left{.trade_id = trade.trade_id};
  for (const std::uint64_t account_id : {trade.maker_account_id, trade.taker_account_id}) {
    if (!left.cancels.empty() && left.cancels.front().account_id == account_id) continue;
    MassCancelLeft cancel{.account_id = account_id,
                          .wanted = {},
                          .cause = MassCancelCause::kBust,
                          .newest_order_id = shard_bits_ + orders_entered_,
                          .asked_seq = now_.engine_seq};
    left.cancels.push_back(cancel);
    hold_in(account_id, trade.instrument_id);
  }
  busts_left_.push_back(left);
  go_on_busting();
  return {now_.engine_seq};
}

Reason Engine::check_bust(const BustedTrade& t) const {
  const auto found = instruments_.find(t.instrument_id);
  if (found == instruments_.end()) return Reason::kUnknownInstrument;
  if (!is_trader(t.maker_account_id) || !is_trader(t.taker_account_id)) return Reason::kUnknownAccount;
  if (t.trade_id <= shard_bits_ || t.trade_id > shard_bits_ + trades_) return Reason::kUnknownTrade;
  const Instrument& i = found->second;
  const bool in_range = is_price(i.definition, t.price) && t.quantity > 0 && t.value_time_ns > 0;
  if (!in_range || Wide{base_units(i, 1)} * t.quantity > kLargest) return Reason::kInvalidField;
  const InstrumentDefinition& d = i.definition;
  const int excess = static_cast<int>(d.price_scale + d.quantity_scale) - static_cast<int>(d.quote.scale);
  if (excess > 0 && Wide{t.price} * t.quantity * d.terms.multiplier % ten_to(excess) != 0) return Reason::kInvalidField;
  const std::int64_t value = notional(i, t.price, t.quantity);
  const bool dear = std::abs(t.maker_fee) > value || std::abs(t.taker_fee) > value;
  if (value > kLargest || dear) return Reason::kInvalidField;
  if (!d.terms.delayed_settlement && t.value_date != 0) return Reason::kInvalidField;
  if (now_.time_ns >= t.value_time_ns) return Reason::kTradeNotBustable;
  if (d.terms.delayed_settlement && (!i.unsettled.contains(t.value_date) || i.delivering.contains(t.value_date))) {
    return Reason::kTradeNotBustable;
  }
  for (const std::uint64_t account_id : {t.maker_account_id, t.taker_account_id}) {
    const bool cash = accounts_.at(account_id).set.kind != AccountKind::kMargin;
    if (on_margin(i.definition) && cash) return Reason::kAccountKindNotAllowed;
  }
  return std::get<0>(i.expired) != 0 ? Reason::kTradeNotBustable : Reason::kNone;
}

void Engine::go_on_busting() {
  for (; !busts_left_.empty(); busts_left_.pop_front()) {
    BustLeft& bust = busts_left_.front();
    for (; !bust.cancels.empty(); bust.cancels.pop_front()) {
      if (!go_on(bust.cancels.front(), bust_cancels_left_)) return;
    }
    if (bust_cancels_left_ == 0) return;
    --bust_cancels_left_;
    take_back(busts_.at(bust.trade_id).trade);
  }
}

void Engine::take_back(const BustedTrade& t) {
  const Instrument& i = instruments_.at(t.instrument_id);
  struct Owed {
    std::int64_t quote = 0;
    std::int64_t base = 0;
  };
  Owed maker;
  Owed taker;
  const bool taker_buys = t.taker_side == Side::kBuy;
  const bool taker_first = taker_buys ? t.taker_fee <= t.maker_fee : t.taker_fee < t.maker_fee;  // rebates come first
  for (const bool takes : {taker_first, !taker_first}) {
    const std::uint64_t account = takes ? t.taker_account_id : t.maker_account_id;
    (takes ? taker : maker).quote += give_fee_back(account, takes ? t.taker_fee : t.maker_fee, t);
  }
  for (const std::uint64_t account : {t.maker_account_id, t.taker_account_id}) suspect(account);
  const std::uint64_t buyer = taker_buys ? t.taker_account_id : t.maker_account_id;
  const std::uint64_t seller = taker_buys ? t.maker_account_id : t.taker_account_id;
  const std::int64_t value = notional(i, t.price, t.quantity);
  if (buyer != seller && on_margin(i.definition)) {
    trade_back(buyer, -t.quantity, t.price < 0 ? value : -value, t);
    trade_back(seller, t.quantity, t.price < 0 ? -value : value, t);
  } else if (buyer != seller) {
    const std::int64_t units = base_units(i, t.quantity);
    (taker_buys ? maker : taker).quote += move_back(buyer, seller, i.definition.quote.asset_id, value, t);
    (taker_buys ? taker : maker).base += move_back(seller, buyer, i.definition.base.asset_id, units, t);
    const bool later = i.definition.terms.delayed_settlement;
    if (later) settle_later(instruments_.at(t.instrument_id), t.value_date, seller, buyer, units, value);
  }
  events_->trade_busted({t.trade_id, t.instrument_id, t.maker_account_id, t.taker_account_id, maker.quote, maker.base,
                         taker.quote, taker.base});
  if (!on_margin(i.definition)) return;
  for (const std::uint64_t account : {buyer, seller}) reduce_waiting(account, t.instrument_id);
  for (const std::uint64_t account : {buyer, seller}) reduce_standing(account, t.instrument_id);
}

// Answers what the account owes for a rebate.
std::int64_t Engine::give_fee_back(std::uint64_t account_id, std::int64_t fee, const BustedTrade& t) {
  const Instrument& i = instruments_.at(t.instrument_id);
  const std::uint32_t quote = i.definition.quote.asset_id;
  if (on_margin(i.definition)) {
    const auto paid = static_cast<std::int64_t>(-settled(i, -fee));
    if (paid > 0) move_back(account_id, 0, settlement_asset(), paid, t);
    if (paid < 0) pay_settled(0, account_id, -paid, BalanceChangeKind::kBust, t.instrument_id, t.trade_id);
    return 0;
  }
  if (fee < 0) return move_back(0, account_id, quote, -fee, t);
  if (fee > 0) move_back(account_id, 0, quote, fee, t);
  return 0;
}

// Answers what the insurance fund paid of it.
std::int64_t Engine::move_back(std::uint64_t to, std::uint64_t from, std::uint32_t asset_id, std::int64_t amount,
                               const BustedTrade& t) {
  const std::int64_t has = std::max<std::int64_t>(accounts_.at(from).balances[asset_id].available, 0);
  const std::int64_t given = std::min(has, amount);
  const auto book = [&](std::uint64_t account_id, BalanceChangeKind kind, std::int64_t change) {
    if (change == 0) return;
    Balance& balance = accounts_.at(account_id).balances[asset_id];
    balance.available += change;
    events_->balance_changed({.account_id = account_id,
                              .asset_id = asset_id,
                              .kind = kind,
                              .amount = change,
                              .available = balance.available,
                              .held = balance.held,
                              .trade_id = t.trade_id,
                              .account_seq = next_private_event(account_id)},
                             t.instrument_id);
  };
  book(from, BalanceChangeKind::kBust, -given);
  book(kInsuranceAccount, BalanceChangeKind::kInsurance, given - amount);
  book(to, BalanceChangeKind::kBust, amount);
  return amount - given;
}

void Engine::trade_back(std::uint64_t account_id, std::int64_t quantity, std::int64_t value, const BustedTrade& t) {
  const Instrument& i = instruments_.at(t.instrument_id);
  const std::int64_t result = change_position(accounts_.at(account_id).positions[t.instrument_id], quantity, value);
  tell_position(account_id, t.instrument_id, PositionChangeKind::kBust, quantity, result, t.trade_id);
  const Wide paid = settled(i, is_option(i.definition) ? -value : result);
  pay_settled(account_id, clearing_account(t.instrument_id), paid, BalanceChangeKind::kBust, t.instrument_id, t.trade_id);
}

bool Engine::is_being_busted(std::uint64_t account_id) const {
  return std::ranges::any_of(busts_left_, [&](const BustLeft& left) {
    const BustedTrade& t = busts_.at(left.trade_id).trade;
    return t.maker_account_id == account_id || t.taker_account_id == account_id;
  });
}

}  // namespace exchange::engine::reference
