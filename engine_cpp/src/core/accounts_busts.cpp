// What it means for accounts that a trade is taken back. What one of them no longer has the insurance fund pays.
#include <algorithm>

#include "accounts.hpp"

namespace exchange::engine {
namespace {

// Could the instrument have traded so? A fee is never more than what it is for.
bool is_trade(const BustedTrade& trade, const Instrument& instrument) noexcept {
  if (!instrument.is_price(trade.price) || trade.quantity <= 0 || trade.value_time_ns <= 0) return false;
  if (trade.quantity > kMaxAmount / instrument.base_factor) return false;
  if (Int128{trade.price} * trade.quantity % instrument.notional_divisor != 0) return false;
  const std::int64_t notional = instrument.notional(trade.price, trade.quantity);
  const auto is_fee = [&](std::int64_t fee) { return fee >= -notional && fee <= notional; };
  return notional <= kMaxAmount && is_fee(trade.maker_fee) && is_fee(trade.taker_fee);
}

}  // namespace

std::optional<Answer> Accounts::find_bust(const BustedTrade& trade, const Step& step) const noexcept {
  const Slot known = busts_.find(trade.trade_id);
  if (known == kNil) return {};
  const RememberedBust& first = busts_[known];
  if (first.trade != trade) return refuse(Reason::kTradeNotBustable, step);
  return Answer{.engine_seq = first.engine_seq, .replayed = true};
}

Reason Accounts::check_bust(const BustedTrade& trade, Slot slot, bool has_traded, const Step& step) const noexcept {
  const Slot maker = find_trader(trade.maker_account_id);
  const Slot taker = find_trader(trade.taker_account_id);
  if (maker == kNil || taker == kNil) return Reason::kUnknownAccount;
  if (!has_traded) return Reason::kUnknownTrade;
  const Instrument& instrument = instruments_[slot];
  if (!is_trade(trade, instrument)) return Reason::kInvalidField;
  if (!instrument.delayed && trade.value_date != 0) return Reason::kInvalidField;
  if (step.stamp.time_ns >= trade.value_time_ns) return Reason::kTradeNotBustable;
  if (instrument.delayed && !unsettled_.is_open(slot, trade.value_date)) return Reason::kTradeNotBustable;
  const auto may_trade = [&](Slot account) {
    return !instrument.on_margin || balances_.account(account).kind == AccountKind::kMargin;
  };
  if (!may_trade(maker) || !may_trade(taker)) return Reason::kAccountKindNotAllowed;
  const bool has_room = busts_.has_room() && balances_.room() >= 6 && (!instrument.on_margin || positions_.room() >= 2);
  const bool has_records = !instrument.delayed || unsettled_.room() >= 2;
  return has_room && has_records ? Reason::kNone : Reason::kEngineFull;
}

// All that it will need is made now: the maker's, the taker's, the fund's.
void Accounts::begin_bust(const BustedTrade& trade, Slot slot, const Step& step) {
  const Instrument& instrument = instruments_[slot];
  const auto obtain = [&](Slot account, Slot asset) {
    balances_.obtain(account, asset, instruments_.asset(asset).asset_id);
  };
  for (const std::uint64_t account_id : {trade.maker_account_id, trade.taker_account_id}) {
    const Slot account = balances_.find(account_id);
    if (instrument.on_margin) {
      obtain(account, instruments_.settlement_asset());
      positions_.obtain(account, slot);
      continue;
    }
    if (instrument.delayed) unsettled_.obtain(account, slot);
    for (const Slot asset : {instrument.quote, instrument.base}) {
      obtain(account, asset);
      obtain(kInsuranceFund, asset);
    }
  }
  busts_.begin({trade, step.stamp.engine_seq}, orders_.last_id());
}

std::optional<MassCancelTask> Accounts::cancels_of(const BustTask& task) const noexcept {
  const RememberedBust& bust = busts_[task.bust];
  const std::uint64_t ids[] = {bust.trade.maker_account_id, bust.trade.taker_account_id};
  const std::uint8_t accounts = ids[0] == ids[1] ? 1 : 2;
  if (task.accounts_done >= accounts) return {};
  return MassCancelTask{.filter = {},
                        .last_order_id = task.last_order_id,
                        .asked_seq = bust.engine_seq,
                        .account = balances_.find(ids[task.accounts_done]),
                        .cancelled = task.cancelled,
                        .cause = MassCancelCause::kBust};
}

// Fees first, so that each has them to give back what it received; and of these a rebate, which the other's fee paid.
void Accounts::take_back(const BustTask& task, Step& step) {
  const BustedTrade& trade = busts_[task.bust].trade;
  const Slot slot = instruments_.find(trade.instrument_id);
  BustSide maker{.account = balances_.find(trade.maker_account_id), .fee = trade.maker_fee};
  BustSide taker{.account = balances_.find(trade.taker_account_id), .fee = trade.taker_fee};
  const bool taker_buys = trade.taker_side == Side::kBuy;
  BustSide& buyer = taker_buys ? taker : maker;
  BustSide& seller = taker_buys ? maker : taker;
  const bool buyer_first = buyer.fee <= seller.fee;
  give_fee_back(buyer_first ? buyer : seller, trade, slot, step);
  give_fee_back(buyer_first ? seller : buyer, trade, slot, step);
  for (const Slot account : {maker.account, taker.account}) suspect(account);
  if (maker.account == taker.account) {
    // What it traded with itself it has as before.
  } else if (instruments_[slot].on_margin) {
    trade_back(positions_.find(buyer.account, slot), positions_.find(seller.account, slot), trade, step);
  } else {
    deliver_back(buyer, seller, trade, slot, step);
  }
  step.events.trade_busted({.trade_id = trade.trade_id,
                            .instrument_id = trade.instrument_id,
                            .maker_account_id = trade.maker_account_id,
                            .taker_account_id = trade.taker_account_id,
                            .maker_owes_quote = maker.owes_quote,
                            .maker_owes_base = maker.owes_base,
                            .taker_owes_quote = taker.owes_quote,
                            .taker_owes_base = taker.owes_base});
}

// On margin an account may owe a rebate as it may owe a loss.
void Accounts::give_fee_back(BustSide& side, const BustedTrade& trade, Slot slot, Step& step) {
  const Instrument& instrument = instruments_[slot];
  const Int128 paid = instrument.on_margin ? margin_.settled_up(instrument, side.fee) : Int128{side.fee};
  const std::int64_t fee = clamped_amount(paid);
  const Slot asset = instrument.on_margin ? instruments_.settlement_asset() : instrument.quote;
  if (fee >= 0) {
    static_cast<void>(move_back(side.account, kFeeAccount, asset, fee, trade, step));
  } else if (instrument.on_margin) {
    pay(kFeeAccount, side.account, -fee, BalanceChangeKind::kBust, instrument, trade.trade_id, step);
  } else {
    side.owes_quote += move_back(kFeeAccount, side.account, asset, -fee, trade, step);
  }
}

void Accounts::deliver_back(BustSide& buyer, BustSide& seller, const BustedTrade& trade, Slot slot, Step& step) {
  const Instrument& instrument = instruments_[slot];
  const std::int64_t notional = instrument.notional(trade.price, trade.quantity);
  const std::int64_t units = instrument.base_amount(trade.quantity);
  seller.owes_quote += move_back(buyer.account, seller.account, instrument.quote, notional, trade, step);
  buyer.owes_base += move_back(seller.account, buyer.account, instrument.base, units, trade, step);
  if (!instrument.delayed) return;
  unsettled_.trade(unsettled_.find(seller.account, slot), unsettled_.find(buyer.account, slot), trade.value_date, units,
                   notional);
}

// Moves an amount to one account from what another one has available; answers what the insurance fund paid of it.
std::int64_t Accounts::move_back(Slot to, Slot from, Slot asset, std::int64_t amount, const BustedTrade& trade,
                                 Step& step) {
  AccountBalance& giver = balances_[balances_.find(from, asset)];
  AccountBalance& taker = balances_[balances_.find(to, asset)];
  AccountBalance& fund = balances_[balances_.find(kInsuranceFund, asset)];
  const std::int64_t given = std::clamp<std::int64_t>(giver.available, 0, amount);
  // No balance goes further than amounts do.
  const Int128 most = std::min(Int128{fund.available} + kMaxAmount, Int128{kMaxAmount} - taker.available - given);
  const auto insured = static_cast<std::int64_t>(std::clamp<Int128>(most, 0, amount - given));
  const auto book = [&](AccountBalance& balance, BalanceChangeKind kind, std::int64_t change) {
    if (change == 0) return;
    balance.available += change;
    step.events.balance_changed(view_of(balance, kind, change, trade.trade_id), trade.instrument_id);
  };
  book(giver, BalanceChangeKind::kBust, -given);
  book(fund, BalanceChangeKind::kInsurance, -insured);
  book(taker, BalanceChangeKind::kBust, given + insured);
  return insured;
}

// The opposite trade at the same price, as far as positions go.
void Accounts::trade_back(Slot bought, Slot sold, const BustedTrade& trade, Step& step) {
  const Position& buyer = positions_[bought];
  const Position& seller = positions_[sold];
  const Int128 most = std::min(Int128{buyer.quantity} - buyer.open_sells + kMaxAmount,
                               Int128{kMaxAmount} - seller.quantity - seller.open_buys);
  const auto quantity = static_cast<std::int64_t>(std::clamp<Int128>(most, 0, trade.quantity));
  if (quantity == 0) return;
  const Int128 notional = instruments_[buyer.instrument].notional(trade.price, trade.quantity);
  const auto size = static_cast<std::int64_t>(notional * quantity / trade.quantity);
  const std::int64_t value = trade.price < 0 ? -size : size;
  trade_back(bought, -quantity, -value, trade.trade_id, step);
  trade_back(sold, quantity, value, trade.trade_id, step);
}

void Accounts::trade_back(Slot slot, std::int64_t delta, std::int64_t value, std::uint64_t trade_id, Step& step) {
  const Position& position = positions_[slot];
  const Instrument& instrument = instruments_[position.instrument];
  const std::int64_t result = positions_.trade(slot, delta, value);
  tell(position, PositionChangeKind::kBust, delta, result, trade_id, step);
  note_shrunk(slot);
  const bool option = instrument.terms.kind == InstrumentKind::kOption;
  pay(position.account, clearing(instrument), margin_.settled(instrument, option ? -Int128{value} : Int128{result}),
      BalanceChangeKind::kBust, instrument, trade_id, step);
}

// Is all there that the busts under way will need?
bool Accounts::busts_consistent() const {
  return std::ranges::all_of(busts_.unfinished(), [&](const BustTask& task) {
    const BustedTrade& trade = busts_[task.bust].trade;
    const Slot slot = instruments_.find(trade.instrument_id);
    if (slot == kNil || !is_trade(trade, instruments_[slot])) return false;
    const Instrument& instrument = instruments_[slot];
    if (instrument.delayed ? !unsettled_.is_dated(slot, trade.value_date) : trade.value_date != 0) return false;
    for (const std::uint64_t account_id : {trade.maker_account_id, trade.taker_account_id}) {
      const Slot account = find_trader(account_id);
      if (account == kNil) return false;
      const bool on_margin = balances_.account(account).kind == AccountKind::kMargin;
      if (instrument.on_margin && (!on_margin || positions_.find(account, slot) == kNil)) return false;
      if (instrument.on_margin) continue;
      if (instrument.delayed && unsettled_.find(account, slot) == kNil) return false;
      for (const Slot holder : {account, kInsuranceFund, kFeeAccount}) {
        if (balances_.find(holder, instrument.quote) == kNil) return false;
        if (holder != kFeeAccount && balances_.find(holder, instrument.base) == kNil) return false;
      }
    }
    return true;
  });
}

}  // namespace exchange::engine
