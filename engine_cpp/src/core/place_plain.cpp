// The way of most new orders, in one pass: a plain limit order of an account without limits, on a market that matches.
// It comes to what the stages of the general way come to (accounts.cpp, settlement.cpp), by the same checks. What is
// not plain in any respect, and whatever is to be refused, is left to that way before anything is touched.
#include "checks.hpp"
#include "shard.hpp"

namespace exchange::engine {
namespace {

bool is_plain(const PlaceOrder& c) noexcept {
  const bool stays = c.time_in_force == TimeInForce::kGtc;
  return c.special == nullptr && c.type == OrderType::kLimit && c.quote_budget == 0 && c.quantity > 0 &&
         (stays || (c.time_in_force == TimeInForce::kIoc && !c.post_only));
}

}  // namespace

inline PlainPlace Accounts::judge_plain(const PlaceOrder& command, std::int64_t now_ns) const noexcept {
  if (!is_plain(command) || !is_in_time(command.valid_until_ns, now_ns) || !has_room(command)) return {};
  PlainPlace out{.account = find_trader(command.account_id), .instrument = instruments_.find(command.instrument_id)};
  if (out.account == kNil || out.instrument == kNil) return {};
  const Account& account = balances_.account(out.account);
  const Instrument& instrument = instruments_[out.instrument];
  if (!instrument.is_plain() || account.is_restricted || account.open_orders >= open_orders_per_account_ ||
      ids_.is_full(out.account) || check_session(out.account, command.session_id) != Reason::kNone || check_price(instrument, command.price) != Reason::kNone ||
      check_quantity(instrument, command.quantity) != Reason::kNone) {
    return {};
  }
  const std::int64_t notional = instrument.notional(command.price, command.quantity);
  out.base_balance = balances_.find(out.account, instrument.base);
  out.quote_balance = balances_.find(out.account, instrument.quote);
  out.tag = ids_.tag_of(out.account, command.client_order_id);
  if (!fits_bounds(instrument, OrderType::kLimit, notional) || out.base_balance == kNil || out.quote_balance == kNil ||
      ids_.find_kept(out.account, command.client_order_id, out.tag) != kNil) {
    return {};
  }
  const bool buys = command.side == Side::kBuy;
  const FeeRates rates = rates_of(account, out.instrument);
  out.needed = buys ? buyer_hold(notional, 0, std::max(rates.taker_ppm, rates.maker_ppm), 0)
                    : instrument.base_amount(command.quantity);
  out.affords = out.needed <= balances_[buys ? out.quote_balance : out.base_balance].available;
  return out;
}

inline Slot Accounts::enter_plainly(const PlaceOrder& command, const PlainPlace& plain, Step& step) {
  const Slot slot = enter(command, plain.account, plain.instrument, step);
  OrderRecord& order = orders_[slot];
  order.hold_price = command.price;
  order.held = plain.needed;
  order.base_balance = plain.base_balance;
  order.quote_balance = plain.quote_balance;
  AccountBalance& balance = given(order);
  balance.available -= plain.needed;
  balance.held += plain.needed;
  touch(order, step);
  step.events.order_updated(OrderUpdateCause::kAccepted, order.view, balances_.next_event(plain.account));
  tell(balance, BalanceChangeKind::kHold, 0, step);
  return slot;
}

inline void Accounts::conclude_plainly(const PlaceOrder& command, const PlainPlace& plain, Slot order,
                                       const Step& step) noexcept {
  ids_.remember_new({.fingerprint = command.fingerprint,
                     .engine_seq = step.stamp.engine_seq,
                     .used_ns = step.stamp.time_ns,
                     .since_ns = step.stamp.time_ns,
                     .account = plain.account,
                     .order = order,
                     .tag = plain.tag,
                     .kind = CommandKind::kPlaceOrder});
}

Slot Core::Shard::place_plainly(const PlaceOrder& command, Step& step) {
  const PlainPlace plain = accounts_.judge_plain(command, step.stamp.time_ns);
  if (!plain.affords || !books_.has_room()) return kNil;
  const bool takes = books_.book(plain.instrument).would_cross(command.side, command.price);
  if (takes && command.post_only) return kNil;
  const Slot order = accounts_.enter_plainly(command, plain, step);
  if (takes || command.time_in_force == TimeInForce::kIoc) {
    books_.enter_again(accounts_.place_of(command, order));
    deliver(step);
    calm_until_ns_ = 0;  // a fill may lead to anything
  } else {
    const std::uint64_t group = accounts_.balances().account(plain.account).self_trade_group;
    const BookOrder resting{.leaves = command.quantity, .self_trade_group = group, .owner = order};
    accounts_.restore_resting({order, books_.rest(plain.instrument, command.side, command.price, resting)});
  }
  accounts_.conclude_plainly(command, plain, order, step);
  return order;
}

}  // namespace exchange::engine
