// Securities that settle after the trade: what a fill opens, what may leave meanwhile, and what a delivery closes.
#include <algorithm>

#include "accounts.hpp"

namespace exchange::engine {

void Accounts::settle_later(const OrderRecord& buyer, const OrderRecord& seller, const Fill& message) noexcept {
  const Instrument& instrument = instruments_[message.instrument];
  unsettled_.trade(unsettled_.find(buyer.account, message.instrument),
                   unsettled_.find(seller.account, message.instrument), unsettled_.dates(message.instrument).last(),
                   instrument.base_amount(message.quantity), message.notional);
}

std::int64_t Accounts::transferable(Slot account, Slot asset) const {
  const std::int64_t spendable_now = spendable(account, asset);
  const std::int64_t later = unsettled(account, asset);
  const Slot slot = balances_.find(account, asset);
  if (later == 0 || slot == kNil) return spendable_now;
  const AccountBalance& balance = balances_[slot];
  return static_cast<std::int64_t>(std::min<Int128>(spendable_now, Int128{balance.available} + balance.held - later));
}

void Accounts::deliver(Slot slot, std::uint32_t value_date, Step& step) {
  const UnsettledRecord& record = unsettled_[slot];
  const UnsettledNet net = unsettled_.deliver(slot);
  const Instrument& instrument = instruments_[record.instrument];
  step.events.unsettled_delivered({.account_id = balances_.account(record.account).account_id,
                                   .instrument_id = instrument.instrument_id,
                                   .value_date = value_date,
                                   .base_asset_id = instruments_.asset(instrument.base).asset_id,
                                   .base_amount = net.base,
                                   .quote_asset_id = instruments_.asset(instrument.quote).asset_id,
                                   .quote_amount = net.quote,
                                   .account_seq = balances_.next_event(record.account)});
}

// The deliveries that a saved state has under way are those of the oldest dates, in their order.
bool Accounts::resume_deliveries(const Sweeps& sweeps) noexcept {
  for (const Sweep& sweep : sweeps.unfinished()) {
    if (sweep.kind != SweepKind::kDeliver) continue;
    if (!instruments_[sweep.instrument].delayed) return false;
    if (unsettled_.is_delivered(sweep.instrument, sweep.trading_date)) return false;
    if (unsettled_.check_delivery(sweep.instrument, sweep.trading_date) != Reason::kNone) return false;
    const bool is_first = &sweep == &sweeps.unfinished().front();
    const bool whole = sweep.is_begun ? is_first && unsettled_.is_delivered_before(sweep.instrument, sweep.next) &&
                                            !busts_.concern(instruments_[sweep.instrument].instrument_id, sweep.trading_date)
                                      : sweep.next == kNil;
    if (!whole) return false;
    unsettled_.begin_delivery(sweep.instrument);
  }
  return true;
}

// Every open order of such an instrument has a record, and a date to trade under.
bool Accounts::unsettled_consistent() const {
  for (Slot at = orders_.oldest_open(); at != kNil; at = orders_.next_by_age(at)) {
    const OrderRecord& order = orders_[at];
    if (!instruments_[order.instrument].delayed) continue;
    if (unsettled_.find(order.account, order.instrument) == kNil) return false;
    if (!unsettled_.has_value_date(order.instrument)) return false;
  }
  return unsettled_.consistent(instruments_.size());
}

}  // namespace exchange::engine
