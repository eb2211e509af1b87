// The money side of the accounts half: what an order holds, what a fill moves, what its owner is told.
#include "accounts.hpp"
#include "bands.hpp"
#include "checks.hpp"

namespace exchange::engine {

Reason Accounts::check_price_and_funds(const PlaceOrder& command, const Admission& admission,
                                       std::int64_t worst_price) const noexcept {
  const Instrument& instrument = instruments_[admission.inquiry.instrument];
  const Account& account = balances_.account(admission.account);
  const Reason reason = check_notional(instrument, command, worst_price);
  if (reason != Reason::kNone) return reason;
  if (account.is_restricted) [[unlikely]] {
    const std::int64_t notional =
        command.quote_budget > 0 ? command.quote_budget : instrument.notional(worst_price, command.quantity);
    const Reason size = check_size(admission.account, instrument, command.quantity, notional);
    if (size != Reason::kNone) return size;
  }
  // What waits is measured against the band when its trigger comes true: the band moves meanwhile.
  const bool banded = instrument.has_static_band && !waits_for_price(command.type);
  if (banded && is_beyond(command.side, worst_price, static_edge(instrument, command.side))) {
    return Reason::kPriceBand;
  }
  const std::uint32_t most = account.is_restricted ? max_open_orders(admission.account) : open_orders_per_account_;
  if (may_rest(command) && account.open_orders >= most) return Reason::kTooManyOpenOrders;
  if (instrument.on_margin) [[unlikely]] {
    return check_exposure(exposing(command, admission.account, admission.inquiry.instrument, worst_price));
  }
  if (account.is_restricted) [[unlikely]] {
    if (const Reason state = check_trading_state(admission.account); state != Reason::kNone) return state;
  }
  const Slot asset = command.side == Side::kBuy ? instrument.quote : instrument.base;
  const std::int64_t needed = entry_hold(command, account, admission.inquiry.instrument, worst_price);
  if (account.is_restricted && needed > spendable(admission.account, asset)) [[unlikely]] {
    return Reason::kInsufficientFunds;
  }
  return needed > balances_.available(admission.account, asset) ? Reason::kInsufficientFunds : Reason::kNone;
}

std::int64_t Accounts::entry_hold(const PlaceOrder& command, const Account& account, Slot slot,
                                  std::int64_t worst_price) const noexcept {
  const Instrument& instrument = instruments_[slot];
  if (command.side == Side::kSell) return instrument.base_amount(command.quantity);
  if (command.quote_budget > 0) return command.quote_budget;
  const FeeRates rates = rates_of(account, slot);
  const std::int32_t max_ppm = std::max(rates.taker_ppm, rates.maker_ppm);
  return buyer_hold(instrument.notional(worst_price, command.quantity), 0, max_ppm, 0);
}

// A record with the order's terms and nothing done yet.
Slot Accounts::enter(const PlaceOrder& command, Slot account_slot, Slot instrument, const Step& step) noexcept {
  const Account& account = balances_.account(account_slot);
  const Slot slot = orders_.enter();
  OrderRecord& order = orders_[slot];
  OrderView& view = order.view;
  view.price = command.price;
  view.quantity = command.quantity;
  view.leaves_quantity = command.quantity;
  view.quote_budget = command.quote_budget;
  view.accepted_time_ns = step.stamp.time_ns;
  view.account_id = command.account_id;
  view.session_id = command.session_id;
  view.instrument_id = command.instrument_id;
  view.status = OrderStatus::kNew;
  view.side = command.side;
  view.type = command.type;
  view.time_in_force = command.time_in_force;
  view.self_trade_prevention = command.self_trade_prevention;
  view.post_only = command.post_only;
  view.client_order_id = ClientId(command.client_order_id);
  order.account = account_slot;
  order.instrument = instrument;
  const FeeRates rates = rates_of(account, instrument);
  order.taker_fee_ppm = rates.taker_ppm;
  order.maker_fee_ppm = rates.maker_ppm;
  if (command.special != nullptr) order.special = orders_.specials().enter(*command.special);
  return slot;
}

Place Accounts::hold(const PlaceOrder& command, Slot slot, std::int64_t worst_price) noexcept {
  OrderRecord& order = orders_[slot];
  const Account& account = balances_.account(order.account);
  const Instrument& instrument = instruments_[order.instrument];
  order.hold_price = worst_price;
  if (instrument.on_margin) [[unlikely]] {
    enter_position(order);
    Place place = place_of(command, slot);
    place.position = order.position();
    place.reduces = reduces(order);
    return place;
  }
  order.held = entry_hold(command, account, order.instrument, worst_price);
  find_balances(order);
  AccountBalance& balance = given(order);
  balance.available -= order.held;
  balance.held += order.held;
  assert(balance.available >= 0);
  return place_of(command, slot);
}

void Accounts::find_balances(OrderRecord& order) noexcept {
  const Instrument& instrument = instruments_[order.instrument];
  const auto obtain = [&](Slot asset) {
    return balances_.obtain(order.account, asset, instruments_.asset(asset).asset_id);
  };
  order.base_balance = obtain(instrument.base);
  order.quote_balance = obtain(instrument.quote);
}

Place Accounts::place_of(const PlaceOrder& command, Slot slot) const noexcept {
  const OrderRecord& order = orders_[slot];
  return {.order_id = order.view.order_id,
          .self_trade_group = balances_.account(order.account).self_trade_group,
          .limit = order.hold_price,
          .quantity = command.quantity,
          .budget = command.quote_budget,
          .min_quantity = command.time_in_force == TimeInForce::kFok ? command.quantity : 0,
          .owner = slot,
          .instrument = order.instrument,
          .taker_fee_ppm = order.taker_fee_ppm,
          .side = command.side,
          .type = command.type,
          .time_in_force = command.time_in_force,
          .mode = command.self_trade_prevention,
          .post_only = command.post_only};
}

Answer Accounts::reject(const PlaceOrder& command, Slot account, Slot instrument, Reason reason, Step& step) {
  const Slot slot = enter(command, account, instrument, step);
  on(Refused{slot, reason}, step);
  return conclude(command, slot, step);
}

void Accounts::settle(const BookMessage& message, Step& step) {
  std::visit([&](const auto& one) { on(one, step); }, message);
}

void Accounts::on(const Accepted& message, Step& step) {
  OrderRecord& order = orders_[message.owner];
  if (order.special != kNil) [[unlikely]] show_first_slice(order);
  touch(order, step);
  tell(OrderUpdateCause::kAccepted, order, step);
  if (order.is_on_margin()) [[unlikely]] return;
  tell(given(order), BalanceChangeKind::kHold, 0, step);
  if (instruments_[order.instrument].delayed) [[unlikely]] unsettled_.obtain(order.account, order.instrument);
}

// What was reserved goes back untold: to its owner a refused order never held anything.
void Accounts::on(const Refused& message, Step& step) {
  OrderRecord& order = orders_[message.owner];
  if (order.position() != kNil && order.is_on_margin()) [[unlikely]] discount(order);
  if (order.held > 0) {
    AccountBalance& balance = given(order);
    balance.held -= order.held;
    balance.available += order.held;
    order.held = 0;
  }
  order.view.cancelled_quantity = order.view.leaves_quantity;
  order.view.leaves_quantity = 0;
  order.view.status = OrderStatus::kRejected;
  order.view.reject_reason = message.reason;
  if (std::int64_t limit = 0; order.special != kNil) move(order, {}, limit);
  touch(order, step);
  tell(OrderUpdateCause::kRejected, order, step);
}

void Accounts::on(const Rested& message, Step& /*step*/) { restore_resting(message); }

void Accounts::on(const Fill& message, Step& step) {
  const Instrument& instrument = instruments_[message.instrument];
  const std::int64_t maker_fee = fill(message.maker, message, Liquidity::kMaker, step);
  const Liquidity taking = message.uncross ? Liquidity::kMaker : Liquidity::kTaker;
  const std::int64_t taker_fee = fill(message.taker, message, taking, step);
  OrderRecord& maker = orders_[message.maker];
  OrderRecord& taker = orders_[message.taker];
  const bool taker_buys = message.taker_side == Side::kBuy;
  OrderRecord& buyer = taker_buys ? taker : maker;
  OrderRecord& seller = taker_buys ? maker : taker;
  if (instrument.on_margin) [[unlikely]] {
    settle_on_margin(buyer, message, taker_buys ? taker_fee : maker_fee, step);
    settle_on_margin(seller, message, taker_buys ? maker_fee : taker_fee, step);
  } else {
    settle_buyer(buyer, message, taker_buys ? taker_fee : maker_fee, step);
    settle_seller(seller, message, taker_buys ? maker_fee : taker_fee, step);
    collect_fee(instrument, maker_fee + taker_fee, message.trade_id, step);
    if (instrument.delayed) [[unlikely]] settle_later(buyer, seller, message);
  }
  step.events.trade({.trade_id = message.trade_id,
                     .instrument_id = instrument.instrument_id,
                     .taker_side = message.taker_side,
                     .uncross = message.uncross,
                     .liquidation = message.taker == reduction_,
                     .price = message.price,
                     .quantity = message.quantity,
                     .maker_order_id = maker.view.order_id,
                     .taker_order_id = taker.view.order_id,
                     .maker_account_id = maker.view.account_id,
                     .taker_account_id = taker.view.account_id,
                     .notional = message.notional,
                     .maker_fee = maker_fee,
                     .taker_fee = taker_fee,
                     .trade_seq = message.trade_seq});
  if (message.uncross) report_self_trade(maker, taker, message, step);
  if (maker.special != kNil || taker.special != kNil) [[unlikely]] {
    feed(message.maker, message.quantity, step);
    feed(message.taker, message.quantity, step);
    note_linked_fill(message.maker, message.quantity);
    note_linked_fill(message.taker, message.quantity);
  }
}

// An uncross does not keep a group's orders apart; surveillance is told.
void Accounts::report_self_trade(const OrderRecord& maker, const OrderRecord& taker, const Fill& message, Step& step) {
  const std::uint64_t group = balances_.account(maker.account).self_trade_group;
  if (group != balances_.account(taker.account).self_trade_group) return;
  step.events.self_trade_uncrossed(message.trade_id, maker.view.instrument_id, group);
}

std::int64_t Accounts::fill(Slot slot, const Fill& message, Liquidity liquidity, Step& step) {
  OrderRecord& order = orders_[slot];
  OrderView& view = order.view;
  if (order.special != kNil) [[unlikely]] gather(order);
  const bool makes = liquidity == Liquidity::kMaker;
  const std::int64_t before = makes ? order.maker_notional : order.taker_notional();
  const std::int32_t ppm = makes ? order.maker_fee_ppm : order.taker_fee_ppm;
  const std::int64_t fee = fee_on(before + message.notional, ppm) - fee_on(before, ppm);
  if (makes) order.maker_notional += message.notional;
  view.cum_notional += message.notional;
  view.cum_fee += fee;
  view.cum_quantity += message.quantity;
  (order.has_budget() ? view.quantity : view.leaves_quantity) += order.has_budget() ? message.quantity
                                                                                    : -message.quantity;
  if (order.special != kNil) [[unlikely]] {
    show_less(order, message.quantity, makes);
    stir(order);
  }
  const bool done = order.has_budget() ? message.taker_done : view.leaves_quantity == 0;
  view.status = done ? OrderStatus::kFilled : OrderStatus::kPartiallyFilled;
  if (done && order.is_resting()) leave_book(slot, step);
  touch(order, step);
  const FillView told{message.trade_id, message.price, message.quantity, message.notional, fee, liquidity};
  if (!makes) step.fills.push_back(told);
  tell(OrderUpdateCause::kFilled, order, step, &told);
  return fee;
}

void Accounts::settle_buyer(OrderRecord& order, const Fill& message, std::int64_t fee, Step& step) {
  const Instrument& instrument = instruments_[message.instrument];
  AccountBalance& quote = balances_[order.quote_balance];
  order.held -= message.notional + fee;
  quote.held -= message.notional;
  assert(order.held >= 0 && quote.held >= fee);
  tell(quote, BalanceChangeKind::kTrade, -message.notional, step, message.trade_id);
  quote.held -= fee;
  if (fee != 0) tell(quote, BalanceChangeKind::kFee, -fee, step, message.trade_id);
  // With its other leg open, what the pair needs is known once the link has acted.
  if (order.special == kNil || other_open_leg(order) == kNil) rehold(order, step);
  AccountBalance& base = balances_[order.base_balance];
  const std::int64_t received = instrument.base_amount(message.quantity);
  base.available += received;
  tell(base, BalanceChangeKind::kTrade, received, step, message.trade_id);
}

void Accounts::settle_seller(OrderRecord& order, const Fill& message, std::int64_t fee, Step& step) {
  const Instrument& instrument = instruments_[message.instrument];
  const std::int64_t delivered = instrument.base_amount(message.quantity);
  AccountBalance& base = balances_[order.base_balance];
  order.held -= delivered;
  base.held -= delivered;
  assert(order.held >= 0 && base.held >= 0);
  tell(base, BalanceChangeKind::kTrade, -delivered, step, message.trade_id);
  // A child that has ended leaves what was promised to it.
  if (order.special != kNil && other_open_leg(order) == kNil) [[unlikely]] rehold(order, step);
  AccountBalance& quote = balances_[order.quote_balance];
  quote.available += message.notional;
  tell(quote, BalanceChangeKind::kTrade, message.notional, step, message.trade_id);
  quote.available -= fee;
  assert(quote.available >= 0 || balances_.may_owe(order.account));
  if (fee != 0) tell(quote, BalanceChangeKind::kFee, -fee, step, message.trade_id);
}

void Accounts::collect_fee(const Instrument& instrument, std::int64_t fee, std::uint64_t trade_id, Step& step) {
  if (fee == 0) return;
  AccountBalance& balance = balances_[balances_.find(kFeeAccount, instrument.quote)];
  balance.available += fee;
  tell(balance, BalanceChangeKind::kFee, fee, step, trade_id);
}

void Accounts::on(const Prevented& message, Step& step) {
  const OrderRecord& maker = orders_[message.maker];
  const OrderRecord& taker = orders_[message.taker];
  const std::uint64_t maker_seq = balances_.next_event(maker.account);
  const bool one_account = maker.account == taker.account;
  step.events.prevented_match({.instrument_id = instruments_[message.instrument].instrument_id,
                               .mode = message.mode,
                               .maker_order_id = maker.view.order_id,
                               .taker_order_id = taker.view.order_id,
                               .price = message.price,
                               .quantity = message.quantity,
                               .maker_account_id = maker.view.account_id,
                               .taker_account_id = taker.view.account_id,
                               .maker_account_seq = maker_seq,
                               .taker_account_seq = one_account ? maker_seq : balances_.next_event(taker.account)});
  if (message.mode != SelfTradePrevention::kDecrement) return;
  decrement(message.maker, message.quantity, true, step);
  decrement(message.taker, message.quantity, false, step);
}

void Accounts::decrement(Slot slot, std::int64_t quantity, bool rests, Step& step) {
  OrderRecord& order = orders_[slot];
  OrderView& view = order.view;
  if (order.is_on_margin()) [[unlikely]] discount(order);
  view.prevented_quantity += quantity;
  (order.has_budget() ? view.quantity : view.leaves_quantity) += order.has_budget() ? quantity : -quantity;
  if (order.special != kNil) [[unlikely]] {
    show_less(order, quantity, rests);
    stir(order);
  }
  const bool ended = !order.has_budget() && view.leaves_quantity == 0;
  if (ended) {
    view.status = OrderStatus::kCancelled;
    view.end_reason = EndReason::kSelfTrade;
    if (order.is_resting()) leave_book(slot, step);
  }
  touch(order, step);
  tell(ended ? OrderUpdateCause::kCancelled : OrderUpdateCause::kPrevented, order, step);
  if (order.is_on_margin()) [[unlikely]] return count(order);
  rehold(order, step);
}

void Accounts::on(const Release& message, Step& step) {
  OrderRecord& order = orders_[message.owner];
  if (order.is_on_margin()) [[unlikely]] discount(order);
  order.view.cancelled_quantity += order.view.leaves_quantity;
  order.view.leaves_quantity = 0;
  order.view.status = message.status;
  order.view.end_reason = message.end_reason;
  if (order.special != kNil) [[unlikely]] {
    show_nothing(order);
    stir(order);
  }
  if (order.is_resting()) leave_book(message.owner, step);
  touch(order, step);
  const OrderUpdateCause cause = message.status == OrderStatus::kCancelled ? OrderUpdateCause::kCancelled
                                 : message.status == OrderStatus::kExpired ? OrderUpdateCause::kExpired
                                                                           : OrderUpdateCause::kFilled;
  tell(cause, order, step);
  if (order.is_on_margin()) [[unlikely]] return count(order);  // as far as a pair of which it was a leg goes on
  rehold(order, step);
}

void Accounts::touch(OrderRecord& order, const Step& step) noexcept {
  ++order.view.version;
  order.view.updated_time_ns = step.stamp.time_ns;
}

void Accounts::leave_book(Slot slot, const Step& step) noexcept {
  OrderRecord& order = orders_[slot];
  if (is_for_auction(order.view.time_in_force)) auction_orders_.erase(slot, order.instrument);
  if (order.special != kNil) [[unlikely]] {
    if (expire_times_.contains(order.special)) expire_times_.erase(order.special);
    if (order.view.type == OrderType::kPegged) pegs_.erase(order.special, order.instrument);
    if (reduces(order)) end_reducing(order);
  }
  orders_.leave_book(slot, balances_.account(order.account));
  ids_.unpin(order, step.stamp.time_ns);
}

void Accounts::reserve(OrderRecord& order, std::int64_t needed, Step& step) {
  const std::int64_t more = needed - order.held;
  if (more == 0) return;
  AccountBalance& balance = given(order);
  order.held += more;
  balance.held += more;
  balance.available -= more;
  assert((balance.available >= 0 || balances_.may_owe(order.account)) && balance.held >= 0);
  tell(balance, BalanceChangeKind::kHold, 0, step);
}

std::int64_t Accounts::required_hold(const OrderRecord& order) const noexcept {
  const OrderView& view = order.view;
  if (!is_active(view.status) || order.is_on_margin()) return 0;
  if (order.has_budget()) return view.quote_budget - view.cum_notional - view.cum_fee;
  const Instrument& instrument = instruments_[order.instrument];
  const std::int64_t most = view.leaves_quantity + orders_.promised(order);
  if (view.side == Side::kSell) return instrument.base_amount(most);
  return buyer_hold(instrument.notional(order.hold_price, most), view.cum_notional,
                    order.max_fee_ppm(), view.cum_fee);
}

}  // namespace exchange::engine
