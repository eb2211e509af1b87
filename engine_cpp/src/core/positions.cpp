#include "positions.hpp"

#include <cstdlib>

namespace exchange::engine {

std::int64_t Position::take(std::int64_t delta, std::int64_t value) noexcept {
  assert(delta != 0);
  const bool closes = quantity != 0 && (quantity < 0) != (delta < 0);
  if (!closes) {
    quantity += delta;
    cost = clamped_amount(Int128{cost} + value);
    return 0;
  }
  const std::int64_t held = std::abs(quantity);
  const std::int64_t taken = std::abs(delta);
  const std::int64_t closed = std::min(held, taken);
  const std::int64_t released = closed == held ? cost : static_cast<std::int64_t>(Int128{cost} * closed / held);
  const std::int64_t closing = closed == taken ? value : static_cast<std::int64_t>(Int128{value} * closed / taken);
  const std::int64_t result = clamped_amount(-Int128{closing} - released);
  quantity += delta;
  cost = clamped_amount(Int128{cost} - released + value - closing);
  realised = clamped_amount(Int128{realised} + result);
  return result;
}

Positions::Positions(const Limits& limits)
    : positions_(limits.positions),
      by_key_(limits.positions),
      by_account_(limits.accounts),
      by_instrument_(limits.instruments),
      costs_(limits.instruments) {}

Slot Positions::find(Slot account, Slot instrument) const noexcept {
  return by_key_.find(tag_of(account, instrument), [&](Slot slot) {
    return positions_[slot].account == account && positions_[slot].instrument == instrument;
  });
}

Slot Positions::obtain(Slot account, Slot instrument) noexcept {
  if (const Slot known = find(account, instrument); known != kNil) return known;
  const Slot slot = positions_.take();
  positions_[slot].account = account;
  positions_[slot].instrument = instrument;
  append(by_account_[account], positions_, slot, &Position::next_of_account);
  append(by_instrument_[instrument], positions_, slot, &Position::next_of_instrument);
  by_key_.insert(tag_of(account, instrument), slot);
  return slot;
}

void Positions::append(Chain& chain, Pool<Position>& positions, Slot slot, Next next) noexcept {
  (chain.last == kNil ? chain.first : positions[chain.last].*next) = slot;
  chain.last = slot;
}

void Positions::drop_last(Chain& chain, Pool<Position>& positions, Next next) noexcept {
  Slot before = kNil;
  for (Slot at = chain.first; at != chain.last; at = positions[at].*next) before = at;
  (before == kNil ? chain.first : positions[before].*next) = kNil;
  chain.last = before;
}

void Positions::forget_newest() noexcept {
  const Slot slot = positions_.size() - 1;
  const Position& position = positions_[slot];
  assert(position.quantity == 0 && position.open_buys == 0 && position.open_sells == 0);
  by_key_.erase(tag_of(position.account, position.instrument), slot);
  drop_last(by_account_[position.account], positions_, &Position::next_of_account);
  drop_last(by_instrument_[position.instrument], positions_, &Position::next_of_instrument);
  positions_.give_back(slot);
}

std::int64_t Positions::trade(Slot slot, std::int64_t delta, std::int64_t value) noexcept {
  Position& position = positions_[slot];
  costs_[position.instrument] -= position.cost;
  const std::int64_t result = position.take(delta, value);
  costs_[position.instrument] += position.cost;
  return result;
}

std::int64_t Positions::revalue(Slot slot, std::int64_t value) noexcept {
  Position& position = positions_[slot];
  const std::int64_t result = clamped_amount(Int128{value} - position.cost);
  costs_[position.instrument] += Int128{value} - position.cost;
  position.cost = value;
  position.realised = clamped_amount(Int128{position.realised} + result);
  return result;
}

bool Positions::has_open(Slot account) const noexcept {
  for (Slot at = first_of_account(account); at != kNil; at = positions_[at].next_of_account) {
    if (positions_[at].quantity != 0) return true;
  }
  return false;
}

bool Positions::has_open_in(Slot instrument) const noexcept {
  for (Slot at = first_of_instrument(instrument); at != kNil; at = positions_[at].next_of_instrument) {
    if (positions_[at].quantity != 0) return true;
  }
  return false;
}

// In order of first use. What open orders add is counted again when they are back.
void Positions::save(StateWriter& out) const {
  out.put(positions_.size());
  for (Slot slot = 0; slot < positions_.size(); ++slot) {
    const Position& p = positions_[slot];
    out.put(p.account, p.instrument, p.quantity, p.cost, p.realised);
  }
}

bool Positions::load(StateReader& in, std::uint32_t accounts, std::uint32_t instruments) {
  const std::uint32_t count = in.get_count(positions_.room());
  for (std::uint32_t i = 0; in.ok() && i < count; ++i) {
    Position p;
    in.get(p.account, p.instrument, p.quantity, p.cost, p.realised);
    for (const std::int64_t amount : {p.quantity, p.cost, p.realised}) {
      in.require(amount >= -kMaxAmount && amount <= kMaxAmount);
    }
    in.require(p.account < accounts && p.instrument < instruments && (p.quantity != 0 || p.cost == 0));
    if (!in.ok() || find(p.account, p.instrument) != kNil) return false;
    Position& entered = positions_[obtain(p.account, p.instrument)];
    entered.quantity = p.quantity;
    entered.cost = p.cost;
    costs_[p.instrument] += p.cost;
    entered.realised = p.realised;
  }
  return in.ok();
}

bool Positions::balanced(Slot instrument) const noexcept {
  Int128 sum = 0;
  for (Slot at = first_of_instrument(instrument); at != kNil; at = positions_[at].next_of_instrument) {
    sum += positions_[at].quantity;
  }
  return sum == 0;
}

}  // namespace exchange::engine
