// Liquidations in the naive engine: who may have too little is asked after each command, and what is to be done for
// those who have is done one after the other, so many steps with a command.
#include <algorithm>

#include "engine.hpp"

namespace exchange::engine::reference {
namespace {

constexpr std::int64_t kLargest = std::int64_t{1} << 61;

Wide size_of(Wide value) { return value < 0 ? -value : value; }

Wide bounded(Wide value, Wide most) { return std::clamp(value, -most, most); }

Wide down(Wide value, Wide divisor) { return value / divisor - (value % divisor < 0 ? 1 : 0); }

Wide up(Wide value, Wide divisor) { return value / divisor + (value % divisor > 0 ? 1 : 0); }

Wide ten_to(std::uint32_t exponent) { return exponent == 0 ? 1 : 10 * ten_to(exponent - 1); }

Wide ppm_of(Wide part, Wide whole) {
  return bounded(bounded(part, kLargest) * 1'000'000 / std::max<Wide>(whole, 1), Wide{1} << 60);
}

}  // namespace

// The account is among those that hold the instrument; what is on margin is among what it ever held.
void Engine::hold_in(std::uint64_t account_id, std::uint32_t instrument_id) {
  std::vector<std::uint64_t>& holders = instruments_.at(instrument_id).holders;
  if (std::ranges::find(holders, account_id) != holders.end()) return;
  holders.push_back(account_id);
  if (!on_margin(instruments_.at(instrument_id).definition)) return;
  accounts_.at(account_id).held_in_order.push_back(instrument_id);
}

bool Engine::is_liquidated(std::uint64_t account_id) const {
  const auto is_in = [&](const std::list<Liquidation>& list) {
    return std::ranges::find(list, account_id, &Liquidation::account_id) != list.end();
  };
  return is_in(liquidations_) || is_in(waiting_liquidations_);
}

TradingState Engine::trading_state(std::uint64_t account_id) const {
  return is_liquidated(account_id) ? TradingState::kHalted : accounts_.at(account_id).set.trading_state;
}

void Engine::suspect(std::uint64_t account_id) {
  if (accounts_.at(account_id).set.kind != AccountKind::kMargin) return;
  if (std::ranges::find(suspects_, account_id) == suspects_.end()) suspects_.push_back(account_id);
}

void Engine::inspect(std::uint32_t instrument_id) {
  const auto known = std::ranges::find(inspections_, instrument_id, &Inspection::instrument_id);
  if (known == inspections_.end()) {
    inspections_.push_back({.instrument_id = instrument_id});
  } else {
    known->again = known->begun;
  }
}

Wide Engine::maintenance_of(std::uint64_t account_id) const {
  Wide sum = 0;
  for (const auto& [id, position] : accounts_.at(account_id).positions) {
    const SetMarginParameters* const p = margin_of(id, account_id);
    if (p == nullptr || position.quantity == 0) continue;
    const Instrument& i = instruments_.at(id);
    Wide margin = 0;
    if (is_option(i.definition)) {
      const Wide shorted = std::max<Wide>(-Wide{position.quantity}, 0);
      const Wide initial = up(shorted * p->short_option_margin, ten_to(i.definition.quantity_scale));
      margin = up(initial * p->maintenance_margin_ppm, p->initial_margin_ppm);
    } else {
      const Wide notional = -worth(i, -std::abs(i.prices.mark), size_of(position.quantity));
      margin = up(notional * p->maintenance_margin_ppm, 1'000'000);
    }
    sum -= settled(i, -margin);
  }
  return sum;
}

bool Engine::has_positions(std::uint64_t account_id) const {
  return std::ranges::any_of(accounts_.at(account_id).positions, [](const auto& p) { return p.second.quantity != 0; });
}

bool Engine::is_short_of_margin(std::uint64_t account_id) const {
  if (accounts_.at(account_id).held_in_order.empty()) return false;
  return equity_of(account_id) < maintenance_of(account_id);
}

void Engine::tell_liquidation(std::uint64_t account_id, LiquidationState state) {
  events_->liquidation_changed({.account_id = account_id,
                                .state = state,
                                .equity = static_cast<std::int64_t>(bounded(equity_of(account_id), kLargest)),
                                .maintenance = static_cast<std::int64_t>(bounded(maintenance_of(account_id), kLargest)),
                                .account_seq = next_private_event(account_id)});
}

void Engine::liquidate(std::uint32_t& steps_left) {
  while (go_on_liquidating()) run_followers(steps_left);
}

// True if any step was made.
bool Engine::go_on_liquidating() {
  const std::uint32_t before = sweeps_left_;
  look_for_liquidations();
  while (sweeps_left_ > 0 && (!liquidations_.empty() || liquidations_woken_ > 0)) {
    if (liquidations_.empty()) {
      liquidations_.push_back(waiting_liquidations_.front());
      waiting_liquidations_.pop_front();
      --liquidations_woken_;
    }
    const std::optional<bool> over = go_on(liquidations_.front());
    if (!over) break;
    if (sweeps_left_ > 0) --sweeps_left_;
    if (*over) end_liquidation(liquidations_.front().account_id);
    if (!*over) waiting_liquidations_.push_back(liquidations_.front());
    liquidations_.pop_front();
    opposites_ = {};
  }
  return sweeps_left_ != before;
}

void Engine::look_for_liquidations() {
  while (!suspects_.empty() && sweeps_left_ > 0) {
    const std::uint64_t account_id = suspects_.front();
    suspects_.pop_front();
    look_at(account_id);
  }
  while (!inspections_.empty() && sweeps_left_ > 0) {
    Inspection& one = inspections_.front();
    one.begun = true;
    const std::vector<std::uint64_t>& holders = instruments_.at(one.instrument_id).holders;
    while (one.next < holders.size() && sweeps_left_ > 0) look_at(holders[one.next++]);
    if (one.next < holders.size()) return;
    if (one.again) inspections_.push_back({.instrument_id = one.instrument_id});
    inspections_.pop_front();
  }
}

void Engine::look_at(std::uint64_t account_id) {
  --sweeps_left_;
  const auto waits = std::ranges::find(waiting_liquidations_, account_id, &Liquidation::account_id);
  if (waits != waiting_liquidations_.end()) liquidations_woken_ = waiting_liquidations_.size();
  if (is_liquidated(account_id) || !is_short_of_margin(account_id)) return;
  liquidations_.push_back({.account_id = account_id, .begun_seq = now_.engine_seq});
  tell_liquidation(account_id, LiquidationState::kStarted);
}

std::optional<bool> Engine::go_on(Liquidation& l) {
  for (;;) {
    if (!cancel_before_closing(l)) return {};
    if (!is_short_of_margin(l.account_id) || !has_positions(l.account_id)) return true;
    if (sweeps_left_ == 0) return {};
    const std::optional<std::uint32_t> id = next_to_close(l);
    if (!id) {
      const bool deleverages = l.acted && !l.deleverages;
      l.next = 0;
      l.acted = false;
      l.deleverages = deleverages;
      if (!deleverages) return false;
      tell_liquidation(l.account_id, LiquidationState::kDeleveraging);
      insure(l.account_id, -equity_of(l.account_id));
      continue;
    }
    l.acted = true;
    if (!l.deleverages) {
      reduce(l.account_id, *id);
      ++l.next;
    } else if (deleverage(l.account_id, *id)) {
      ++l.next;
    }
  }
}

bool Engine::cancel_before_closing(Liquidation& l) {
  if (accounts_.at(l.account_id).open_orders == 0) return true;
  if (sweeps_left_ == 0) return false;
  MassCancelLeft cancel{.account_id = l.account_id, .wanted = {}, .cause = MassCancelCause::kLiquidation};
  cancel.newest_order_id = shard_bits_ + orders_entered_;
  cancel.asked_seq = l.begun_seq;
  cancel.count = l.cancelled;
  const bool finished = go_on(cancel, sweeps_left_);
  l.cancelled = finished ? 0 : cancel.count;
  return finished;
}

// The next position that is open in a market that matches.
std::optional<std::uint32_t> Engine::next_to_close(Liquidation& l) const {
  const std::vector<std::uint32_t>& held = accounts_.at(l.account_id).held_in_order;
  for (; l.next < held.size(); ++l.next) {
    const Instrument& i = instruments_.at(held[l.next]);
    const bool matches = i.definition.phase == TradingPhase::kContinuous && has_margin_prices(i);
    if (position_of(l.account_id, held[l.next]).quantity != 0 && matches) return held[l.next];
  }
  return {};
}

void Engine::reduce(std::uint64_t account_id, std::uint32_t instrument_id) {
  --sweeps_left_;
  const std::int64_t held = position_of(account_id, instrument_id).quantity;
  const std::string id = "liquidation:" + std::to_string(shard_bits_ + orders_entered_ + 1);
  const SpecialTerms special{.reduce_only = true};
  const PlaceOrder command{.account_id = account_id,
                           .client_order_id = id,
                           .instrument_id = instrument_id,
                           .side = held > 0 ? Side::kSell : Side::kBuy,
                           .type = OrderType::kMarket,
                           .time_in_force = TimeInForce::kIoc,
                           .self_trade_prevention = SelfTradePrevention::kCancelMaker,
                           .quantity = std::abs(held),
                           .special = &special};
  const auto worst = worst_price(command);
  if (!worst) return;
  Instrument& i = instruments_.at(instrument_id);
  const auto nearer = [&](std::int64_t one, std::int64_t other) {
    return held > 0 ? std::max(one, other) : std::min(one, other);
  };
  const std::int64_t held_at = price_to_hold_at(command, *worst);
  std::int64_t limit = nearer(*worst, held_at);
  const auto bearable = bearable_price(account_id, i, limit);
  if (!bearable) return;
  limit = nearer(limit, *bearable);
  const auto band = dynamic_band(i, command.side);
  if (!would_cross(i, command.side, limit) || (band && !would_cross(i, command.side, *band))) return;
  Order& order = reserve(command, {.limit = limit, .held_at = held_at});
  reduction_ = order.view.order_id;
  enter(order);
  reduction_ = 0;
  const SetMarginParameters* const p = margin_of(instrument_id, account_id);
  const Wide asked = up(Wide{order.view.cum_notional} * (p == nullptr ? 0 : p->liquidation_penalty_ppm), 1'000'000);
  const Wide penalty = std::min(-settled(i, -asked), std::max<Wide>(equity_of(account_id), 0));
  pay_settled(kInsuranceAccount, account_id, penalty, BalanceChangeKind::kPenalty, instrument_id, 0);
  orders_.erase(order.view.order_id);
}

// Until where what the position is worth may fall for the account and the fund to pay it, and the fee.
std::optional<std::int64_t> Engine::bearable_price(std::uint64_t account_id, const Instrument& i,
                                                   std::int64_t edge) const {
  const InstrumentDefinition& d = i.definition;
  const std::int64_t held = position_of(account_id, d.instrument_id).quantity;
  const Wide at_mark = size_of(worth(i, i.prices.mark, std::abs(held)));
  const Wide at_edge = size_of(worth(i, edge, std::abs(held)));
  const int ppm = std::max(fees_of(account_id, d.instrument_id).taker_fee_ppm, 0);
  const Wide fee = -settled(i, -(up(std::max(at_mark, at_edge) * ppm, 1'000'000) + 1));
  const auto fund = accounts_.at(kInsuranceAccount).balances.find(settlement_asset());
  const Wide has = fund == accounts_.at(kInsuranceAccount).balances.end() ? 0 : fund->second.available;
  const Wide left = equity_of(account_id) + std::max<Wide>(has, 0) - fee;
  if (left < 0) return {};
  const Wide span = quoted(i, left) * ten_to(d.price_scale + d.quantity_scale) /
                    (d.terms.multiplier * ten_to(d.quote.scale) * std::abs(held));
  const Wide price = held > 0 ? i.prices.mark - span : i.prices.mark + span;
  const Wide ticks = held > 0 ? up(price, d.tick) : down(price, d.tick);
  return static_cast<std::int64_t>(bounded(ticks * d.tick, Wide{1} << 62));
}

// What so much of KK99 is in the quote asset, rounded down.
Wide Engine::quoted(const Instrument& i, Wide amount) const {
  if (i.quote_symbol == "KK99") return amount;
  const Wide scaled = amount * 1'000'000'000 * ten_to(i.definition.quote.scale);
  return down(scaled, Wide{i.prices.conversion_rate_ppb} * ten_to(assets_.at(settlement_asset()).scale));
}

void Engine::insure(std::uint64_t account_id, Wide lacking) {
  const std::int64_t has = accounts_.at(kInsuranceAccount).balances[settlement_asset()].available;
  const Wide paid = std::clamp<Wide>(lacking, 0, std::max<std::int64_t>(has, 0));
  const std::uint32_t any = accounts_.at(account_id).held_in_order.front();
  pay_settled(account_id, kInsuranceAccount, paid, BalanceChangeKind::kInsurance, any, 0);
}

void Engine::end_liquidation(std::uint64_t account_id) {
  if (!has_positions(account_id)) {
    insure(account_id, -Wide{accounts_.at(account_id).balances[settlement_asset()].available});
  }
  tell_liquidation(account_id, LiquidationState::kEnded);
}

// Closes the position against the next opposite one; true if it is closed, or nobody is opposite.
bool Engine::deleverage(std::uint64_t account_id, std::uint32_t instrument_id) {
  const Instrument& i = instruments_.at(instrument_id);
  rank_opposites(account_id, i);
  if (opposites_.all_found && opposites_.ranked.empty()) return true;
  if (sweeps_left_ == 0 || !opposites_.all_found) return false;
  --sweeps_left_;
  const std::uint64_t other = opposites_.ranked.front().second;
  opposites_.ranked.erase(opposites_.ranked.begin());
  const std::int64_t held = position_of(account_id, instrument_id).quantity;
  const std::int64_t others = position_of(other, instrument_id).quantity;
  if (others == 0 || (others > 0) == (held > 0)) return false;
  close_against(account_id, other, i);
  if (position_of(account_id, instrument_id).quantity != 0) return false;
  opposites_ = {};
  return true;
}

void Engine::rank_opposites(std::uint64_t account_id, const Instrument& i) {
  const std::uint32_t id = i.definition.instrument_id;
  const bool same = opposites_.account_id == account_id && opposites_.instrument_id == id;
  const bool used_up = opposites_.all_found && opposites_.ranked.empty();
  if (!same || used_up) opposites_ = {.account_id = account_id, .instrument_id = id};
  const bool is_long = position_of(account_id, id).quantity > 0;
  for (; sweeps_left_ > 0 && !opposites_.all_found; --sweeps_left_) {
    const std::uint64_t other = i.holders[opposites_.next++];
    opposites_.all_found = opposites_.next == i.holders.size();
    const Position p = position_of(other, id);
    if (p.quantity == 0 || (p.quantity > 0) == is_long) continue;
    const Wide value = worth(i, i.prices.mark, p.quantity);
    const Wide gain = ppm_of(value - p.cost, size_of(p.cost));
    const Wide leverage = ppm_of(size_of(settled(i, value)), bounded(equity_of(other), kLargest));
    opposites_.ranked.emplace_back(-gain * leverage, other);
    std::ranges::sort(opposites_.ranked);
    if (opposites_.ranked.size() > limits_.positions_per_command) opposites_.ranked.pop_back();
  }
}

// As much as both have, at the mark, but for what the account cannot pay.
void Engine::close_against(std::uint64_t account_id, std::uint64_t other, const Instrument& i) {
  const std::uint32_t id = i.definition.instrument_id;
  const std::int64_t held = position_of(account_id, id).quantity;
  const std::int64_t quantity = std::min(std::abs(held), std::abs(position_of(other, id).quantity));
  const std::int64_t delta = held > 0 ? -quantity : quantity;
  const Wide wanted = worth(i, i.prices.mark, delta) - borne_by_others(account_id, i, quantity);
  const auto value = static_cast<std::int64_t>(bounded(wanted, kLargest));
  const BalanceChangeKind kind = is_option(i.definition) ? BalanceChangeKind::kTrade : BalanceChangeKind::kResult;
  close(i, account_id, delta, value, PositionChangeKind::kDeleveraged, kind);
  close(i, other, -delta, -value, PositionChangeKind::kDeleveraged, kind);
  for (const std::uint64_t changed : {account_id, other}) reduce_waiting(changed, id);
  for (const std::uint64_t changed : {account_id, other}) reduce_standing(changed, id);
}

// What the account lacks, as far as it falls on so much of this position, in the quote asset.
Wide Engine::borne_by_others(std::uint64_t account_id, const Instrument& i, std::int64_t quantity) const {
  const Wide lacking = -bounded(equity_of(account_id), kLargest);
  if (lacking <= 0) return 0;
  const auto notional = [&](std::uint32_t id) {
    const Instrument& held = instruments_.at(id);
    const Wide value = worth(held, held.prices.mark, position_of(account_id, id).quantity);
    return size_of(bounded(settled(held, value), kLargest));
  };
  Wide all = 0;
  for (const auto& [id, position] : accounts_.at(account_id).positions) all += notional(id);
  const std::uint32_t here = i.definition.instrument_id;
  const Wide of_position = all == 0 ? lacking : up(lacking * notional(here), all);
  const Wide part = up(of_position * quantity, std::abs(position_of(account_id, here).quantity));
  return -quoted(i, -part);
}

}  // namespace exchange::engine::reference
