// What positions do to accounts: how these stand, what they are paid, what they are told.
#include "margin_accounts.hpp"

#include <algorithm>

namespace exchange::engine {

Standing MarginAccounts::standing(Slot account) const noexcept {
  return margin_.standing(account, balances_.account(account).account_class,
                          balances_.available(account, instruments_.settlement_asset()));
}

// No balance goes further than amounts do; what one does not take the other does not give.
void MarginAccounts::pay(Slot to, Slot from, Int128 wanted, BalanceChangeKind kind, const Instrument& instrument,
                         std::uint64_t trade_id, Step& step) {
  AccountBalance& taker = collateral(to);
  AccountBalance& giver = collateral(from);
  const std::int64_t lowest = std::max(-kMaxAmount - taker.available, giver.available - kMaxAmount);
  const std::int64_t highest = std::min(kMaxAmount - taker.available, giver.available + kMaxAmount);
  if (lowest > highest) return;
  const auto amount = static_cast<std::int64_t>(std::clamp<Int128>(wanted, lowest, highest));
  if (amount == 0) return;
  for (AccountBalance* balance : {&taker, &giver}) {
    const std::int64_t change = balance == &taker ? amount : -amount;
    balance->available += change;
    step.events.balance_changed(view_of(*balance, kind, change, trade_id), instrument.instrument_id);
  }
}

void MarginAccounts::tell(const Position& position, PositionChangeKind kind, std::int64_t change, std::int64_t result,
                          std::uint64_t trade_id, Step& step) {
  PositionChangeView view = view_of(position);
  view.kind = kind;
  view.change = change;
  view.result = result;
  view.trade_id = trade_id;
  view.account_seq = balances_.next_event(position.account);
  step.events.position_changed(view);
}

PositionChangeView MarginAccounts::view_of(const Position& p) const noexcept {
  return {.account_id = balances_.account(p.account).account_id,
          .instrument_id = instruments_[p.instrument].instrument_id,
          .quantity = p.quantity,
          .cost = p.cost,
          .realised = p.realised};
}

// Closes a part of the position, or all, for what it is worth: `value` has the sign of `delta`, as of a trade.
void MarginAccounts::close(Slot slot, std::int64_t delta, std::int64_t value, PositionChangeKind kind,
                           BalanceChangeKind paid_as, Step& step) {
  const Position& position = positions_[slot];
  const Instrument& instrument = instruments_[position.instrument];
  const std::int64_t result = positions_.trade(slot, delta, value);
  tell(position, kind, delta, result, 0, step);
  note_shrunk(slot);
  suspect(position.account);
  const bool option = instrument.terms.kind == InstrumentKind::kOption;
  pay(position.account, clearing(instrument), margin_.settled(instrument, option ? -Int128{value} : Int128{result}),
      paid_as, instrument, 0, step);
}

void MarginAccounts::note_shrunk(Slot position) {
  if (positions_[position].reducing > 0) shrunk_.push_back(position);
}

// Cash accounts owe nothing, and have no positions.
void MarginAccounts::suspect(Slot account) {
  if (balances_.account(account).kind == AccountKind::kMargin) liquidations_.suspect(account);
}

}  // namespace exchange::engine
