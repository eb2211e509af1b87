// What a settlement, a roll, an expiry or an exercise does to a position: the accounts' half.
#include <algorithm>

#include "accounts.hpp"

namespace exchange::engine {
namespace {

// Who is assigned first follows from nothing that anyone chooses.
std::uint64_t lot_of(std::uint32_t instrument_id, std::uint32_t trading_date, std::uint64_t account_id) noexcept {
  return mix(mix(std::uint64_t{trading_date} << 32U | instrument_id) ^ account_id);
}

}  // namespace

std::uint32_t Accounts::collect_positions(Sweep& sweep, std::uint32_t most, std::vector<Slot>& out) const {
  if (!sweep.is_begun) sweep.next = positions_.first_of_instrument(sweep.instrument);
  sweep.is_begun = true;
  std::uint32_t visited = 0;
  for (; visited < most && sweep.next != kNil; ++visited) {
    if (positions_[sweep.next].quantity != 0) out.push_back(sweep.next);
    sweep.next = positions_[sweep.next].next_of_instrument;
  }
  sweep.positions += static_cast<std::uint32_t>(out.size());
  return visited;
}

bool Accounts::can_go_on(const Sweeps& sweeps) const noexcept {
  return std::ranges::all_of(sweeps.unfinished(), [&](const Sweep& sweep) {
    if (sweep.kind == SweepKind::kDeliver) return true;
    const Instrument& instrument = instruments_[sweep.instrument];
    const bool option = instrument.terms.kind == InstrumentKind::kOption;
    const Instrument& priced = option ? instruments_[instruments_.find(instrument.terms.underlying_id)] : instrument;
    if (!instrument.on_margin || (sweep.next != kNil && positions_[sweep.next].instrument != sweep.instrument)) return false;
    if (sweep.kind != SweepKind::kExercise) return priced.is_price(sweep.price) && instrument.is_price(sweep.short_price);
    return option && sweep.price > 0 && sweep.price <= 2 * kMaxPrice &&
           positions_.find(sweep.account, sweep.instrument) != kNil;
  });
}

void Accounts::settle_position(Slot slot, std::int64_t price, Step& step) {
  const Position& position = positions_[slot];
  const Instrument& instrument = instruments_[position.instrument];
  const std::int64_t value = clamped_amount(value_at(instrument, price, position.quantity));
  const std::int64_t result = positions_.revalue(slot, value);
  if (result == 0) return;
  suspect(position.account);
  tell(position, PositionChangeKind::kVariation, 0, result, 0, step);
  pay(position.account, clearing(instrument), margin_.settled(instrument, result), BalanceChangeKind::kVariation,
      instrument, 0, step);
}

void Accounts::roll_position(Slot slot, std::int64_t long_price, std::int64_t short_price, Step& step) {
  const Position& position = positions_[slot];
  const Instrument& instrument = instruments_[position.instrument];
  const bool is_long = position.quantity > 0;
  const Int128 size = is_long ? position.quantity : -Int128{position.quantity};
  suspect(position.account);
  const Int128 received = value_at(instrument, is_long ? -long_price : -short_price, size);
  pay(position.account, clearing(instrument), margin_.settled(instrument, received), BalanceChangeKind::kSwap,
      instrument, 0, step);
}

void Accounts::expire_position(Slot slot, std::int64_t final_price, Step& step) {
  const Position& position = positions_[slot];
  const Instrument& instrument = instruments_[position.instrument];
  if (instrument.terms.kind != InstrumentKind::kOption) {
    const Int128 value = -value_at(instrument, final_price, position.quantity);
    return close(slot, -position.quantity, clamped_amount(value), PositionChangeKind::kExpiry,
                 BalanceChangeKind::kExercise, step);
  }
  const std::int64_t pays = intrinsic(instrument, final_price);
  if (pays > 0) tell_exercised(position, step);
  close(slot, -position.quantity, exercised_value(instrument, pays, -position.quantity), PositionChangeKind::kExpiry,
        BalanceChangeKind::kExercise, step);
}

// What one unit of an option's quantity pays, in the underlying's price; 0 if it is not in the money by a tick.
std::int64_t Accounts::intrinsic(const Instrument& option, std::int64_t price) const noexcept {
  const Instrument& underlying = instruments_[instruments_.find(option.terms.underlying_id)];
  const bool call = option.terms.right == OptionRight::kCall;
  const std::int64_t gain = call ? price - option.terms.strike_price : option.terms.strike_price - price;
  return gain >= underlying.tick ? gain : 0;
}

std::int64_t Accounts::exercised_value(const Instrument& option, std::int64_t pays, std::int64_t quantity) const noexcept {
  const Instrument& underlying = instruments_[instruments_.find(option.terms.underlying_id)];
  const Int128 size = quantity < 0 ? -Int128{quantity} : Int128{quantity};
  const std::int64_t value = clamped_amount(margin_.paid_by_option(option, underlying, pays, size));
  return quantity < 0 ? -value : value;
}

void Accounts::tell_exercised(const Position& position, Step& step) {
  tell_exercised(position, position.quantity < 0 ? -position.quantity : position.quantity, step);
}

void Accounts::tell_exercised(const Position& position, std::int64_t quantity, Step& step) {
  step.events.option_exercised({.account_id = balances_.account(position.account).account_id,
                                .instrument_id = instruments_[position.instrument].instrument_id,
                                .quantity = quantity,
                                .assigned = position.quantity < 0,
                                .account_seq = balances_.next_event(position.account)});
}

// What roundings left with the clearing account beyond what the open positions are owed.
void Accounts::keep_residue(Slot slot, Step& step) {
  const Instrument& instrument = instruments_[slot];
  const bool option = instrument.terms.kind == InstrumentKind::kOption;
  const Slot clears = clearing(instrument);
  const Int128 owed = option ? 0 : -margin_.settled(instrument, positions_.cost_in(slot));
  pay(kInsuranceFund, clears, collateral(clears).available - owed, BalanceChangeKind::kInsurance, instrument, 0, step);
}

Reason Accounts::check_exercise(const ExerciseOption& command, Slot account) const noexcept {
  const Slot slot = instruments_.find(command.instrument_id);
  if (slot == kNil) return Reason::kUnknownInstrument;
  const Instrument& option = instruments_[slot];
  if (option.terms.kind != InstrumentKind::kOption) return Reason::kExerciseNotAllowed;
  if (command.quantity <= 0) return Reason::kQuantityOutOfRange;
  if (!option.by_lot.divides(command.quantity)) return Reason::kQuantityNotOnLot;
  if (option.terms.exercise_style != ExerciseStyle::kAmerican) return Reason::kExerciseNotAllowed;
  const Slot held = positions_.find(account, slot);
  if (held == kNil || positions_[held].quantity < command.quantity) return Reason::kExerciseNotAllowed;
  const StatedPrices& prices = instruments_[instruments_.find(option.terms.underlying_id)].prices;
  if (!prices.has_mark || !margin_.is_priced(option)) return Reason::kNoReferencePrice;
  return intrinsic(option, prices.mark) > 0 ? Reason::kNone : Reason::kExerciseNotAllowed;
}

Sweep Accounts::exercise_of(const ExerciseOption& command, Slot account) const noexcept {
  const Slot slot = instruments_.find(command.instrument_id);
  const Instrument& option = instruments_[slot];
  const Instrument& underlying = instruments_[instruments_.find(option.terms.underlying_id)];
  return {.kind = SweepKind::kExercise,
          .trading_date = command.trading_date,
          .price = intrinsic(option, underlying.prices.mark),
          .quantity = command.quantity,
          .instrument = slot,
          .account = account};
}

// The shorts that are assigned next, at most so many.
void Accounts::collect_assigned(const Sweep& sweep, std::uint32_t most, std::vector<Slot>& out) const {
  for (Slot at = positions_.first_of_instrument(sweep.instrument); at != kNil; at = positions_[at].next_of_instrument) {
    if (positions_[at].quantity < 0) out.push_back(at);
  }
  const std::uint32_t instrument_id = instruments_[sweep.instrument].instrument_id;
  std::ranges::sort(out, {}, [&](Slot slot) {
    const std::uint64_t account_id = balances_.account(positions_[slot].account).account_id;
    return std::pair(lot_of(instrument_id, sweep.trading_date, account_id), account_id);
  });
  if (out.size() > most) out.resize(most);
}

std::uint32_t Accounts::assign(Sweep& sweep, const std::vector<Slot>& shorts, Step& step) {
  const Slot holder = positions_.find(sweep.account, sweep.instrument);
  const Instrument& option = instruments_[sweep.instrument];
  sweep.quantity = std::min(sweep.quantity, std::max<std::int64_t>(positions_[holder].quantity, 0));
  std::int64_t available = 0;
  for (const Slot slot : shorts) available = clamped_amount(Int128{available} - positions_[slot].quantity);
  const std::int64_t exercised = std::min(sweep.quantity, available);
  if (exercised == 0) return 0;
  sweep.quantity -= exercised;
  tell_exercised(positions_[holder], exercised, step);
  close(holder, -exercised, exercised_value(option, sweep.price, -exercised), PositionChangeKind::kExercise,
        BalanceChangeKind::kExercise, step);
  std::uint32_t assigned = 0;
  for (std::int64_t left = exercised; left > 0; ++assigned) {
    const Slot slot = shorts[assigned];
    const std::int64_t part = std::min(left, -positions_[slot].quantity);
    tell_exercised(positions_[slot], part, step);
    close(slot, part, exercised_value(option, sweep.price, part), PositionChangeKind::kExercise,
          BalanceChangeKind::kExercise, step);
    left -= part;
  }
  return assigned;
}

Answer Accounts::find_exercised(const ExerciseOption& command, const Step& step) const noexcept {
  const Request request = exercise_request(command);
  if (request.account == kNil) return refuse(Reason::kUnknownAccount, step);
  if (const auto known = check_id(request.account, request.id, request.fingerprint, request.kind, step)) return *known;
  return refuse(ids_.has_room() ? Reason::kNone : Reason::kEngineFull, step);
}

Answer Accounts::conclude(const ExerciseOption& command, Reason reason, const Step& step) noexcept {
  return remember_request(exercise_request(command), kNil, reason, step);
}

Request Accounts::exercise_request(const ExerciseOption& command) const noexcept {
  const std::uint64_t what = mix(std::uint64_t{command.trading_date} << 32U | command.instrument_id);
  return {.kind = CommandKind::kExerciseOption,
          .account = find_trader(command.account_id),
          .id = command.request_id,
          .fingerprint = mix(what ^ static_cast<std::uint64_t>(command.quantity))};
}

bool Accounts::collect_orders_of(Slot instrument, std::uint32_t most, std::vector<std::uint64_t>& out) const {
  for (Slot at = orders_.oldest_open(); at != kNil; at = orders_.next_by_age(at)) {
    if (orders_[at].instrument != instrument) continue;
    if (out.size() == most) return true;
    out.push_back(orders_[at].view.order_id);
  }
  return false;
}

std::optional<Remove> Accounts::removal_at_expiry(std::uint64_t order_id) const noexcept {
  const Slot slot = orders_.find(order_id);
  if (slot == kNil || !orders_[slot].is_resting()) return {};
  return removal_of(slot, OrderStatus::kExpired, EndReason::kInstrumentExpired);
}

}  // namespace exchange::engine
