// Settlements, rolls, expiries and exercises in the naive engine: to so many positions a command, the rest before the next.
#include <algorithm>

#include "engine.hpp"

namespace exchange::engine::reference {
namespace {

Wide ten_to(std::uint32_t exponent) { return exponent == 0 ? 1 : 10 * ten_to(exponent - 1); }

bool is_date(std::uint32_t date) { return date >= 19'700'101 && date <= 99'991'231; }

std::uint64_t scramble(std::uint64_t x) {
  x = (x ^ (x >> 33)) * 0xFF51'AFD7'ED55'8CCDULL;
  x = (x ^ (x >> 33)) * 0xC4CE'B9FE'1A85'EC53ULL;
  return x ^ (x >> 33);
}

}  // namespace

Result Engine::on(const SettleFuture& c) {
  const auto found = instruments_.find(c.instrument_id);
  if (found == instruments_.end()) return {now_.engine_seq, Reason::kUnknownInstrument};
  Instrument& i = found->second;
  const bool future = i.definition.terms.kind == InstrumentKind::kFuture;
  if (!future || !is_date(c.trading_date)) return {now_.engine_seq, Reason::kInvalidField};
  if (!is_price(i.definition, c.settlement_price)) return {now_.engine_seq, Reason::kPriceOutOfRange};
  const std::tuple wanted(c.trading_date, c.settlement_price);
  if (i.settled == wanted) return {now_.engine_seq};
  if (c.trading_date <= std::get<0>(i.settled)) return {now_.engine_seq, Reason::kDateNotAfterLast};
  i.settled = wanted;
  sweeps_.push_back({Sweep::kSettle, c.instrument_id, c.trading_date, c.settlement_price});
  go_on_sweeping();
  return {now_.engine_seq};
}

Result Engine::on(const RollPositions& c) {
  const auto found = instruments_.find(c.instrument_id);
  if (found == instruments_.end()) return {now_.engine_seq, Reason::kUnknownInstrument};
  Instrument& i = found->second;
  const InstrumentKind kind = i.definition.terms.kind;
  const bool rolls = kind == InstrumentKind::kFxMargin || kind == InstrumentKind::kCommodityMargin;
  if (!rolls || !is_date(c.trading_date)) return {now_.engine_seq, Reason::kInvalidField};
  if (!is_price(i.definition, c.long_swap_price) || !is_price(i.definition, c.short_swap_price)) {
    return {now_.engine_seq, Reason::kPriceOutOfRange};
  }
  const std::tuple wanted(c.trading_date, c.long_swap_price, c.short_swap_price);
  if (i.rolled == wanted) return {now_.engine_seq};
  if (c.trading_date <= std::get<0>(i.rolled)) return {now_.engine_seq, Reason::kDateNotAfterLast};
  i.rolled = wanted;
  sweeps_.push_back({Sweep::kRoll, c.instrument_id, c.trading_date, c.long_swap_price, c.short_swap_price});
  go_on_sweeping();
  return {now_.engine_seq};
}

Result Engine::on(const ExpireInstrument& c) {
  const auto found = instruments_.find(c.instrument_id);
  if (found == instruments_.end()) return {now_.engine_seq, Reason::kUnknownInstrument};
  Instrument& i = found->second;
  if (!on_margin(i.definition) || !is_date(c.trading_date)) return {now_.engine_seq, Reason::kInvalidField};
  const std::uint32_t underlying = i.definition.terms.underlying_id;
  if (!is_price(underlying == 0 ? i.definition : instruments_.at(underlying).definition, c.final_price)) {
    return {now_.engine_seq, Reason::kPriceOutOfRange};
  }
  const std::tuple wanted(c.trading_date, c.final_price);
  if (i.expired == wanted) return {now_.engine_seq};
  if (std::get<0>(i.expired) != 0) return {now_.engine_seq, Reason::kDateNotAfterLast};
  static_cast<void>(on(SetPhase{c.instrument_id, TradingPhase::kClosed, AuctionKind::kNone}));
  i.expired = wanted;
  sweeps_.push_back({Sweep::kExpire, c.instrument_id, c.trading_date, c.final_price});
  go_on_sweeping();
  return {now_.engine_seq};
}

Result Engine::on(const ExerciseOption& c) {
  if (!is_date(c.trading_date)) return {now_.engine_seq, Reason::kInvalidField};
  if (!is_trader(c.account_id)) return {now_.engine_seq, Reason::kUnknownAccount};
  // All that it says, as far as two requests under one id can differ.
  const std::uint64_t fingerprint =
      scramble(scramble(std::uint64_t{c.trading_date} << 32U | c.instrument_id) ^ static_cast<std::uint64_t>(c.quantity));
  const std::string id(c.request_id);
  if (const auto first = repeated(c.account_id, id, fingerprint, CommandKind::kExerciseOption)) return *first;
  const Reason reason = check_exercise(c);
  if (reason == Reason::kNone) {
    const Instrument& i = instruments_.at(c.instrument_id);
    const std::int64_t gain = gain_of(i, instruments_.at(i.definition.terms.underlying_id).prices.mark);
    sweeps_.push_back({Sweep::kExercise, c.instrument_id, c.trading_date, gain, 0, c.account_id, c.quantity});
    go_on_sweeping();
  }
  remember({c.account_id, id, CommandKind::kExerciseOption, fingerprint, now_.engine_seq, now_.time_ns, now_.time_ns,
            reason, 0, false, {}, 0});
  return {now_.engine_seq, reason};
}

Reason Engine::check_exercise(const ExerciseOption& c) const {
  const auto found = instruments_.find(c.instrument_id);
  if (found == instruments_.end()) return Reason::kUnknownInstrument;
  const InstrumentDefinition& d = found->second.definition;
  if (!is_option(d)) return Reason::kExerciseNotAllowed;
  if (c.quantity <= 0) return Reason::kQuantityOutOfRange;
  if (c.quantity % d.lot != 0) return Reason::kQuantityNotOnLot;
  if (d.terms.exercise_style == ExerciseStyle::kEuropean) return Reason::kExerciseNotAllowed;
  if (position_of(c.account_id, c.instrument_id).quantity < c.quantity) return Reason::kExerciseNotAllowed;
  const StatedPrices& prices = instruments_.at(d.terms.underlying_id).prices;
  if (!prices.has_mark || !has_margin_prices(found->second)) return Reason::kNoReferencePrice;
  return gain_of(found->second, prices.mark) == 0 ? Reason::kExerciseNotAllowed : Reason::kNone;
}

// What a unit of the option is in the money, if it is by a tick.
std::int64_t Engine::gain_of(const Instrument& i, std::int64_t price) const {
  const InstrumentTerms& t = i.definition.terms;
  const std::int64_t gain = t.right == OptionRight::kCall ? price - t.strike_price : t.strike_price - price;
  return gain < instruments_.at(t.underlying_id).definition.tick ? 0 : gain;
}

Wide Engine::payoff(const Instrument& i, std::int64_t gain, Wide quantity) const {
  const InstrumentDefinition& d = i.definition;
  const InstrumentDefinition& u = instruments_.at(d.terms.underlying_id).definition;
  return gain * quantity * d.terms.multiplier * ten_to(d.quote.scale) / ten_to(u.price_scale + d.quantity_scale);
}

void Engine::go_on_sweeping() {
  while (!sweeps_.empty() && sweeps_left_ > 0 && busts_left_.empty()) {
    if (!go_on(sweeps_.front())) return;
    sweeps_.pop_front();
  }
}

bool Engine::go_on(Sweep& s) {
  Instrument& i = instruments_.at(s.instrument_id);
  if (s.kind == Sweep::kExercise) return exercise(s);
  if (s.kind == Sweep::kDeliver) return deliver(s);
  if (s.kind == Sweep::kExpire) {
    const std::set<std::uint64_t> open = resting_;
    for (const std::uint64_t order_id : open) {
      Order& order = orders_.at(order_id);
      if (!order.is_open() || order.view.instrument_id != s.instrument_id) continue;
      if (sweeps_left_ == 0) return false;
      take_out_or_stop_waiting(order);
      end(order, OrderStatus::kExpired, EndReason::kInstrumentExpired);
      --sweeps_left_;
    }
    if (sweeps_left_ == 0) return false;
  }
  std::vector<std::uint64_t> accounts;
  for (; sweeps_left_ > 0 && s.next < i.holders.size(); --sweeps_left_, ++s.next) {
    if (position_of(i.holders[s.next], s.instrument_id).quantity != 0) accounts.push_back(i.holders[s.next]);
  }
  s.positions += static_cast<std::uint32_t>(accounts.size());
  const bool done = s.next == i.holders.size();
  const SweepView view{s.instrument_id, s.price, s.trading_date, s.positions, done};
  if (s.kind == Sweep::kSettle) events_->variation_settled(view);
  if (s.kind == Sweep::kRoll) events_->positions_rolled(view);
  if (s.kind == Sweep::kExpire) events_->instrument_expired(view);
  for (const std::uint64_t account : accounts) sweep(s, i, account);
  if (done) keep_residue(i);
  return done;
}

void Engine::sweep(const Sweep& s, const Instrument& i, std::uint64_t account) {
  Position& p = accounts_.at(account).positions[s.instrument_id];
  const std::uint64_t clearing = clearing_account(s.instrument_id);
  if (s.kind == Sweep::kRoll) {
    suspect(account);
    const Wide amount = worth(i, p.quantity > 0 ? -s.price : -s.short_price, std::abs(p.quantity));
    pay_settled(account, clearing, settled(i, amount), BalanceChangeKind::kSwap, s.instrument_id, 0);
  }
  if (s.kind == Sweep::kSettle) {
    const auto value = static_cast<std::int64_t>(worth(i, s.price, p.quantity));
    const std::int64_t result = value - p.cost;
    if (result == 0) return;
    suspect(account);
    p.cost = value;
    p.realised += result;
    tell_position(account, s.instrument_id, PositionChangeKind::kVariation, 0, result, 0);
    pay_settled(account, clearing, settled(i, result), BalanceChangeKind::kVariation, s.instrument_id, 0);
  }
  if (s.kind == Sweep::kExpire && !is_option(i.definition)) {
    const auto value = static_cast<std::int64_t>(-worth(i, s.price, p.quantity));
    close(i, account, -p.quantity, value, PositionChangeKind::kExpiry, BalanceChangeKind::kExercise);
  }
  if (s.kind == Sweep::kExpire && is_option(i.definition)) {
    const std::int64_t gain = gain_of(i, s.price);
    if (gain > 0) tell_exercised(account, s.instrument_id, std::abs(p.quantity));
    const auto value = static_cast<std::int64_t>(payoff(i, gain, std::abs(p.quantity)));
    close(i, account, -p.quantity, p.quantity > 0 ? -value : value, PositionChangeKind::kExpiry,
          BalanceChangeKind::kExercise);
  }
}

void Engine::close(const Instrument& i, std::uint64_t account, std::int64_t delta, std::int64_t value,
                   PositionChangeKind kind, BalanceChangeKind paid_as) {
  const std::uint32_t id = i.definition.instrument_id;
  const std::int64_t result = change_position(accounts_.at(account).positions[id], delta, value);
  tell_position(account, id, kind, delta, result, 0);
  suspect(account);
  const Wide paid = settled(i, is_option(i.definition) ? -value : result);
  pay_settled(account, clearing_account(id), paid, paid_as, id, 0);
}

void Engine::tell_exercised(std::uint64_t account, std::uint32_t instrument_id, std::int64_t quantity) {
  const bool assigned = position_of(account, instrument_id).quantity < 0;
  events_->option_exercised({account, instrument_id, quantity, assigned, next_private_event(account)});
}

// The clearing account keeps what open positions are owed, and no more.
void Engine::keep_residue(const Instrument& i) {
  const std::uint32_t id = i.definition.instrument_id;
  Wide cost = 0;
  for (const auto& [account, state] : accounts_) cost += position_of(account, id).cost;
  const Wide owed = is_option(i.definition) ? 0 : -settled(i, cost);
  const Wide residue = accounts_.at(clearing_account(id)).balances[settlement_asset()].available - owed;
  pay_settled(kInsuranceAccount, clearing_account(id), residue, BalanceChangeKind::kInsurance, id, 0);
}

bool Engine::exercise(Sweep& s) {
  const Instrument& i = instruments_.at(s.instrument_id);
  std::vector<std::pair<std::uint64_t, std::uint64_t>> shorts;
  for (const auto& [account, state] : accounts_) {
    if (position_of(account, s.instrument_id).quantity >= 0) continue;
    const std::uint64_t series = scramble(std::uint64_t{s.trading_date} << 32U | s.instrument_id);
    shorts.emplace_back(scramble(series ^ account), account);
  }
  std::ranges::sort(shorts);
  if (shorts.size() > sweeps_left_) shorts.resize(sweeps_left_);
  const std::int64_t held = position_of(s.account_id, s.instrument_id).quantity;
  s.quantity = std::clamp<std::int64_t>(held, 0, s.quantity);
  std::int64_t exercised = 0;
  for (const auto& [lot, account] : shorts) exercised -= position_of(account, s.instrument_id).quantity;
  exercised = std::min(exercised, s.quantity);
  if (exercised == 0) return true;
  s.quantity -= exercised;
  const auto value = [&](std::int64_t quantity) { return static_cast<std::int64_t>(payoff(i, s.price, quantity)); };
  tell_exercised(s.account_id, s.instrument_id, exercised);
  close(i, s.account_id, -exercised, -value(exercised), PositionChangeKind::kExercise,
        BalanceChangeKind::kExercise);
  std::vector<std::uint64_t> changed = {s.account_id};
  for (const auto& [lot, account] : shorts) {
    const std::int64_t part = std::min(exercised, -position_of(account, s.instrument_id).quantity);
    if (part == 0) break;
    tell_exercised(account, s.instrument_id, part);
    close(i, account, part, value(part), PositionChangeKind::kExercise,
        BalanceChangeKind::kExercise);
    changed.push_back(account);
    exercised -= part;
    --sweeps_left_;
  }
  for (const std::uint64_t account : changed) reduce_waiting(account, s.instrument_id);
  for (const std::uint64_t account : changed) reduce_standing(account, s.instrument_id);
  return s.quantity == 0;
}

}  // namespace exchange::engine::reference
