// Matching in the naive engine: price, then time; own orders kept apart; money moved fill by fill.
#include <algorithm>
#include <iterator>
#include <limits>

#include "engine.hpp"

namespace exchange::engine::reference {
namespace {

constexpr std::int64_t kMoreThanAnyOrder = std::numeric_limits<std::int64_t>::max();

std::int64_t fee_of(std::int64_t notional, std::int32_t ppm) {
  if (ppm < 0) return -static_cast<std::int64_t>(Wide{notional} * -ppm / 1'000'000);  // a rebate is rounded down
  const Wide scaled = Wide{notional} * ppm;
  return static_cast<std::int64_t>(scaled / 1'000'000 + (scaled % 1'000'000 == 0 ? 0 : 1));
}

}  // namespace

bool Engine::are_kept_apart(const Order& taker, const Order& maker) const {
  const AccountView& one = accounts_.at(taker.view.account_id).set;
  const AccountView& other = accounts_.at(maker.view.account_id).set;
  return one.self_trade_group == other.self_trade_group &&
         taker.view.self_trade_prevention != SelfTradePrevention::kNone;
}

bool Engine::would_cross(const Instrument& instrument, Side side, std::int64_t limit) const {
  if (side == Side::kBuy) return !instrument.asks.empty() && instrument.asks.begin()->first <= limit;
  return !instrument.bids.empty() && instrument.bids.rbegin()->first >= limit;
}

std::int64_t Engine::stands_at(const Order& order) {
  return order.special && order.special->has_working_price ? order.special->working_price : order.limit;
}

Order* Engine::best_opposite(Instrument& instrument, Side side) {
  auto& levels = side == Side::kBuy ? instrument.asks : instrument.bids;
  if (levels.empty()) return nullptr;
  const auto& level = side == Side::kBuy ? levels.begin()->second : std::prev(levels.end())->second;
  return &orders_.at(level.front());
}

// Most that the budget buys at a price, as the largest number of lots whose notional and fee still fit.
std::int64_t Engine::affordable(const Instrument& instrument, const Order& taker, std::int64_t price) const {
  const std::int64_t lot = instrument.definition.lot;
  const Wide prevented = taker.maker_notional;  // a budget order never makes: the field counts what was prevented
  const auto fits = [&](std::int64_t lots) {
    const Wide used = Wide{taker.taker_notional} + prevented + Wide{notional(instrument, price, lot)} * lots;
    const std::int32_t ppm = std::max(taker.taker_ppm, 0);  // a rebate comes after the trade
    return used + (used * ppm + 999'999) / 1'000'000 <= taker.view.quote_budget;
  };
  std::int64_t low = 0;
  std::int64_t high = taker.view.quote_budget + 1;
  while (low + 1 < high) {
    const std::int64_t middle = low + (high - low) / 2;
    (fits(middle) ? low : high) = middle;
  }
  return static_cast<std::int64_t>(std::min<Wide>(Wide{low} * lot, kMoreThanAnyOrder));
}

void Engine::match(Instrument& instrument, Order& taker) {
  while (taker.has_budget() || taker.is_open()) {
    Order* maker = best_opposite(instrument, taker.view.side);
    if (maker == nullptr || !would_cross(instrument, taker.view.side, stands_at(taker))) break;
    if (taker.band && !would_cross(instrument, taker.view.side, *taker.band)) break;
    const std::int64_t wanted =
        taker.has_budget() ? affordable(instrument, taker, stands_at(*maker)) : taker.view.leaves_quantity;
    if (wanted == 0) return end(taker, OrderStatus::kFilled, EndReason::kNone);
    if (meet(instrument, taker, *maker, wanted)) return;
  }
  finish(instrument, taker);
}

// True if the taker is done.
bool Engine::meet(Instrument& instrument, Order& taker, Order& maker, std::int64_t wanted) {
  if (are_kept_apart(taker, maker)) return prevent(instrument, taker, maker, wanted);
  const std::int64_t quantity = std::min(wanted, visible(maker));
  bool last = quantity == taker.view.leaves_quantity;
  if (taker.has_budget()) {
    const std::int64_t value = notional(instrument, stands_at(maker), quantity);
    taker.taker_notional += value;
    last = affordable(instrument, taker, stands_at(maker)) == 0;
    taker.taker_notional -= value;
  }
  trade(instrument, taker, maker, quantity, last);
  return last;
}

bool Engine::prevent(Instrument& instrument, Order& taker, Order& maker, std::int64_t wanted) {
  const SelfTradePrevention mode = taker.view.self_trade_prevention;
  const std::int64_t quantity = std::min(wanted, visible(maker));
  PreventedMatchView match{.instrument_id = instrument.definition.instrument_id,
                            .mode = mode,
                            .maker_order_id = maker.view.order_id,
                            .taker_order_id = taker.view.order_id,
                            .price = stands_at(maker),
                            .quantity = quantity,
                            .maker_account_id = maker.view.account_id,
                            .taker_account_id = taker.view.account_id};
  match.maker_account_seq = next_private_event(match.maker_account_id);
  match.taker_account_seq = match.maker_account_id == match.taker_account_id
                                ? match.maker_account_seq
                                : next_private_event(match.taker_account_id);
  events_->prevented_match(match);
  if (mode == SelfTradePrevention::kDecrement) {
    for (Order* order : {&maker, &taker}) {
      order->view.prevented_quantity += quantity;
      (order->has_budget() ? order->view.quantity : order->view.leaves_quantity) +=
          order->has_budget() ? quantity : -quantity;
      show_less(*order, quantity, order == &maker);
      const bool ended = !order->has_budget() && !order->is_open();
      if (ended) order->view.status = OrderStatus::kCancelled;
      if (ended) order->view.end_reason = EndReason::kSelfTrade;
      if (order == &maker && ended) take_out(instrument, maker);
      if (order == &maker && !ended) level_changed(instrument, maker.view.side, stands_at(maker));
      changed(*order, ended ? OrderUpdateCause::kCancelled : OrderUpdateCause::kPrevented);
      release_excess(*order);
    }
    if (maker.is_open() && show_next_slice(instrument, maker)) {
      level_changed(instrument, maker.view.side, stands_at(maker));
      tell_next_slice(maker);
    }
    if (!taker.has_budget()) return !taker.is_open();
    taker.maker_notional += notional(instrument, stands_at(maker), quantity);
    if (quantity < wanted) return false;
    end(taker, OrderStatus::kCancelled, EndReason::kSelfTrade);
    return true;
  }
  if (mode != SelfTradePrevention::kCancelTaker) {
    take_out(instrument, maker);
    end(maker, OrderStatus::kCancelled, EndReason::kSelfTrade);
  }
  if (mode == SelfTradePrevention::kCancelMaker) return false;
  end(taker, OrderStatus::kCancelled, EndReason::kSelfTrade);
  return true;
}

void Engine::trade(Instrument& instrument, Order& taker, Order& maker, std::int64_t quantity, bool last) {
  const std::int64_t price = stands_at(maker);
  const bool maker_done = quantity == maker.view.leaves_quantity;
  const std::int64_t value = notional(instrument, price, quantity);
  instrument.last_price = price;
  FillView fill{shard_bits_ + ++trades_, price, quantity, value, 0, Liquidity::kMaker};
  if (maker_done) take_out(instrument, maker);
  const std::int64_t maker_fee = book_fill(maker, fill, maker_done);
  const bool shows_more = !maker_done && show_next_slice(instrument, maker);
  if (!maker_done) level_changed(instrument, maker.view.side, price);
  fill.liquidity = Liquidity::kTaker;
  const std::int64_t taker_fee = book_fill(taker, fill, last);
  const bool buys = taker.view.side == Side::kBuy;
  pay(buys ? taker : maker, buys ? maker : taker, fill, buys ? taker_fee : maker_fee, buys ? maker_fee : taker_fee);
  events_->trade({.trade_id = fill.trade_id,
                  .instrument_id = instrument.definition.instrument_id,
                  .taker_side = taker.view.side,
                  .liquidation = taker.view.order_id == reduction_,
                  .price = price,
                  .quantity = quantity,
                  .maker_order_id = maker.view.order_id,
                  .taker_order_id = taker.view.order_id,
                  .maker_account_id = maker.view.account_id,
                  .taker_account_id = taker.view.account_id,
                  .notional = value,
                  .maker_fee = maker_fee,
                  .taker_fee = taker_fee,
                  .trade_seq = ++instrument.trade_seq});
  feed(maker);
  feed(taker);
  act_on_link(maker, quantity);
  act_on_link(taker, quantity);
  const std::uint32_t id = instrument.definition.instrument_id;
  reduce_waiting((buys ? taker : maker).view.account_id, id);
  reduce_waiting((buys ? maker : taker).view.account_id, id);
  if (shows_more) tell_next_slice(maker);
  reduce_standing(maker.view.account_id, id);
  reduce_standing(taker.view.account_id, id);
}

std::int64_t Engine::book_fill(Order& order, const FillView& fill, bool done) {
  const bool makes = fill.liquidity == Liquidity::kMaker;
  std::int64_t& traded = makes ? order.maker_notional : order.taker_notional;
  const std::int32_t ppm = makes ? order.maker_ppm : order.taker_ppm;
  FillView told = fill;
  told.fee = fee_of(traded + fill.notional, ppm) - fee_of(traded, ppm);
  traded += fill.notional;
  order.view.cum_quantity += fill.quantity;
  order.view.cum_notional += fill.notional;
  order.view.cum_fee += told.fee;
  if (order.has_budget()) order.view.quantity += fill.quantity;
  if (!order.has_budget()) order.view.leaves_quantity -= fill.quantity;
  show_less(order, fill.quantity, makes);
  order.view.status = done ? OrderStatus::kFilled : OrderStatus::kPartiallyFilled;
  if (!makes) fills_.push_back(told);
  if (const auto among = together_.find(order.view.order_id); among != together_.end()) among->second.push_back(told);
  changed(order, OrderUpdateCause::kFilled, &told);
  return told.fee;
}

void Engine::pay(Order& buyer, Order& seller, const FillView& fill, std::int64_t buyer_fee, std::int64_t seller_fee) {
  const Instrument& instrument = instruments_.at(buyer.view.instrument_id);
  if (on_margin(instrument.definition)) {
    settle_on_margin(buyer, fill, buyer_fee);
    settle_on_margin(seller, fill, seller_fee);
    return;
  }
  const std::uint32_t base = instrument.definition.base.asset_id;
  const std::uint32_t quote = instrument.definition.quote.asset_id;
  const std::int64_t units = base_units(instrument, fill.quantity);
  const std::uint64_t from = buyer.view.account_id;
  const std::uint64_t to = seller.view.account_id;
  const auto move = [&](std::uint64_t account, std::uint32_t asset, std::int64_t Balance::*part, std::int64_t amount,
                        BalanceChangeKind kind) {
    if (amount == 0) return;
    accounts_.at(account).balances[asset].*part += amount;
    tell(account, asset, kind, amount, fill.trade_id);
  };
  buyer.held -= fill.notional + buyer_fee;
  move(from, quote, &Balance::held, -fill.notional, BalanceChangeKind::kTrade);
  move(from, quote, &Balance::held, -buyer_fee, BalanceChangeKind::kFee);
  if (!has_open_leg_beside(buyer)) release_excess(buyer);  // else once its link has acted
  move(from, base, &Balance::available, units, BalanceChangeKind::kTrade);
  seller.held -= units;
  move(to, base, &Balance::held, -units, BalanceChangeKind::kTrade);
  if (!has_open_leg_beside(seller)) release_excess(seller);  // of a child that has ended, what it might have got
  move(to, quote, &Balance::available, fill.notional, BalanceChangeKind::kTrade);
  move(to, quote, &Balance::available, -seller_fee, BalanceChangeKind::kFee);
  move(0, quote, &Balance::available, buyer_fee + seller_fee, BalanceChangeKind::kFee);
  if (!instrument.definition.terms.delayed_settlement) return;
  settle_later(instruments_.at(buyer.view.instrument_id), instrument.unsettled.rbegin()->first, from, to, units,
               fill.notional);
}

void Engine::finish(Instrument& instrument, Order& taker) {
  if (!taker.has_budget() && !taker.is_open()) return;
  if (ended_by_band(instrument, taker)) return;
  if (!has_limit(taker.view.type)) return end(taker, OrderStatus::kExpired, EndReason::kMarketRemainder);
  if (taker.view.time_in_force == TimeInForce::kIoc || taker.view.time_in_force == TimeInForce::kFok) {
    return end(taker, OrderStatus::kExpired, EndReason::kIocRemainder);
  }
  rest(instrument, taker);
}

std::map<std::int64_t, std::list<std::uint64_t>>& Engine::place_of(Instrument& i, const Order& order) {
  const bool buys = order.view.side == Side::kBuy;
  if (order.waits()) return buys ? i.waiting_bids : i.waiting_asks;
  return buys ? i.bids : i.asks;
}

void Engine::rest(Instrument& instrument, Order& order) {
  if (reduces(order) && !make_way(instrument, order)) return;
  place_of(instrument, order)[stands_at(order)].push_back(order.view.order_id);
  resting_.insert(order.view.order_id);
  ++account_of(order).open_orders;
  if (!order.waits()) level_changed(instrument, order.view.side, stands_at(order));
}

void Engine::take_out(Instrument& instrument, const Order& order) {
  auto& levels = place_of(instrument, order);
  levels.at(stands_at(order)).remove(order.view.order_id);
  if (levels.at(stands_at(order)).empty()) levels.erase(stands_at(order));
  resting_.erase(order.view.order_id);
  --account_of(order).open_orders;
  if (!order.waits()) level_changed(instrument, order.view.side, stands_at(order));
}

void Engine::level_changed(Instrument& instrument, Side side, std::int64_t price) {
  const auto& levels = side == Side::kBuy ? instrument.bids : instrument.asks;
  std::int64_t quantity = 0;
  if (const auto level = levels.find(price); level != levels.end()) {
    for (const std::uint64_t id : level->second) quantity += visible(orders_.at(id));
  }
  const std::uint32_t id = instrument.definition.instrument_id;
  if (!changes_.empty() && changes_.back().instrument_id == id && changes_.back().side == side &&
      changes_.back().price == price) {
    changes_.back().quantity = quantity;
    return;
  }
  changes_.push_back(
      {.instrument_id = id, .side = side, .book_seq = ++instrument.book_seq, .price = price, .quantity = quantity});
}

}  // namespace exchange::engine::reference
