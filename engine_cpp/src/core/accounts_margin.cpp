// Instruments on margin: the accounts' half. What an order may expose an account to, and what a fill makes of it.
#include <algorithm>

#include "accounts.hpp"
#include "checks.hpp"

namespace exchange::engine {
namespace {

// How far the account would go to the order's side with all its orders of that side filled.
std::int64_t reach(const Position& p, Side side) noexcept {
  return side == Side::kBuy ? p.quantity + p.open_buys : p.open_sells - p.quantity;
}

bool only_reduces(const Position& p, Side side) noexcept {
  return (side == Side::kBuy ? p.quantity < 0 : p.quantity > 0) && reach(p, side) <= 0;
}

void add(Position& p, Side side, std::int64_t quantity, std::int64_t reserve) noexcept {
  (side == Side::kBuy ? p.open_buys : p.open_sells) += quantity;
  p.reserved += reserve;
}

template <class Exposed>
Exposed larger(const Exposed& one, const Exposed& other) noexcept {
  return {std::max(one.quantity, other.quantity), std::max(one.reserve, other.reserve)};
}

}  // namespace

void Accounts::open_clearing(Slot slot, std::uint64_t engine_seq) {
  const Slot unit = instruments_.settlement_asset();
  const std::uint32_t asset_id = instruments_.asset(unit).asset_id;
  const Slot clearing = balances_.open({.account_id = clearing_account(instruments_[slot].instrument_id)}, engine_seq);
  for (const Slot account : {kFeeAccount, kInsuranceFund, clearing}) balances_.obtain(account, unit, asset_id);
}

Accounts::Exposing Accounts::exposing(const PlaceOrder& command, Slot account, Slot slot,
                                      std::int64_t worst_price) const noexcept {
  const Slot known = positions_.find(account, slot);
  Exposing out{.before = known == kNil ? Position{.account = account, .instrument = slot} : positions_[known],
               .after = {},
               .side = command.side,
               .reduces = is_reduce_only(command)};
  out.after = out.before;
  if (out.reduces) {
    out.after.reducing += may_rest(command) ? 1 : 0;
    return out;
  }
  const Exposed own = exposed(command, account, slot, worst_price);
  const Exposed both = larger(own, shared_);
  add(out.after, command.side, both.quantity - shared_.quantity, both.reserve - shared_.reserve);
  return out;
}

Accounts::Exposed Accounts::exposed(const PlaceOrder& command, Slot account, Slot slot,
                                    std::int64_t worst_price) const noexcept {
  const FeeRates rates = rates_of(balances_.account(account), slot);
  return {command.quantity, margin_.reserve(instruments_[slot], {.side = command.side,
                                                                 .price = worst_price,
                                                                 .leaves = command.quantity,
                                                                 .max_ppm = std::max(rates.taker_ppm, rates.maker_ppm)})};
}

// A child may trade what was promised to it too.
Accounts::Exposed Accounts::exposed(const OrderRecord& order) const noexcept {
  if (!is_active(order.view.status) || reduces(order)) return {};
  if (orders_.promised(order) == 0) return {order.view.leaves_quantity, margin_.reserve_of(order)};
  OrderRecord whole = order;
  whole.view.leaves_quantity += orders_.promised(order);
  return {whole.view.leaves_quantity, margin_.reserve_of(whole)};
}

Accounts::Exposed Accounts::exposed_with_pair(const OrderRecord& order) const noexcept {
  const Slot other = other_leg(order);
  return other == kNil ? exposed(order) : larger(exposed(order), exposed(orders_[other]));
}

void Accounts::judge_exposure(const Exposing& wanted, ReasonList& out) const noexcept {
  const Position& after = wanted.after;
  const Account& account = balances_.account(after.account);
  const Instrument& instrument = instruments_[after.instrument];
  if (account.kind != AccountKind::kMargin) return out.add(Reason::kAccountKindNotAllowed);
  if (instruments_.margin().find(instrument.instrument_id, account.account_class) == nullptr) {
    return out.add(Reason::kMarginParametersMissing);
  }
  if (!margin_.is_priced(instrument)) return out.add(Reason::kNoReferencePrice);
  if (wanted.reduces) return judge_reducing(wanted, out);
  const TradingState state = trading_state(after.account);
  const bool allowed = state == TradingState::kActive ||
                       (state == TradingState::kReducing && only_reduces(after, wanted.side));
  if (!allowed) out.add(Reason::kTradingState);
  if (!is_within_limits(wanted)) out.add(Reason::kPositionLimit);
  if (!has_margin_for(wanted)) out.add(Reason::kInsufficientMargin);
}

Reason Accounts::check_exposure(const Exposing& wanted) const noexcept {
  ReasonList against;
  judge_exposure(wanted, against);
  return against.first();
}

// The engine's own limit keeps every sum of a position within an amount.
bool Accounts::is_within_limits(const Exposing& wanted) const noexcept {
  const Position& after = wanted.after;
  const Instrument& instrument = instruments_[after.instrument];
  Int128 most = kMaxAmount;
  if (instrument.terms.max_position > 0) most = std::min<Int128>(most, instrument.terms.max_position);
  const std::int64_t lots = balances_.limits(after.account).max_position_lots;
  if (lots > 0) most = std::min(most, Int128{lots} * instrument.lot);
  const bool fits = after.open_buys <= kMaxAmount && after.open_sells <= kMaxAmount && after.reserved <= kMaxAmount;
  return fits && reach(after, wanted.side) <= most;
}

// Who exposes himself no further needs no more margin than he has: so a loss keeps nobody from getting out.
bool Accounts::has_margin_for(const Exposing& wanted) const noexcept {
  const Position& before = wanted.before;
  const Position& after = wanted.after;
  const Instrument& instrument = instruments_[after.instrument];
  const bool buys_option = instrument.terms.kind == InstrumentKind::kOption && reach(after, Side::kBuy) > 0;
  const bool raises = exposure(instrument, after) > exposure(instrument, before) ||
                      (buys_option && after.reserved > before.reserved);
  if (!raises) return true;
  const std::uint32_t account_class = balances_.account(after.account).account_class;
  // What is known of the position may not be `before`: the order may be counted in it.
  const Slot known = positions_.find(after.account, after.instrument);
  const Int128 counted = known == kNil ? 0 : margin_.initial(positions_[known], account_class);
  return standing(after.account).free() + counted >= margin_.initial(after, account_class);
}

Reason Accounts::check_amended_exposure(const OrderRecord& order, const Amend& amend) const noexcept {
  const OrderView& v = order.view;
  Exposing wanted{.before = positions_[order.position()],
                  .after = positions_[order.position()],
                  .side = v.side,
                  .reduces = reduces(order)};
  if (wanted.reduces) return check_exposure(wanted);
  OrderRecord changed = order;
  changed.view.leaves_quantity = amend.leaves;
  changed.hold_price = amend.limit;
  const Exposed before = exposed_with_pair(order);
  const Exposed after = exposed_with_pair(changed);
  add(wanted.after, v.side, after.quantity - before.quantity, after.reserve - before.reserve);
  return check_exposure(wanted);
}

// An order that waited for its price is measured as if it were entered now.
bool Accounts::is_covered_at_trigger(const OrderRecord& order) const noexcept {
  if (reduces(order)) return true;
  const OrderView& v = order.view;
  Exposing wanted{.before = positions_[order.position()], .after = positions_[order.position()], .side = v.side};
  const Exposed all = exposed_with_pair(order);
  const Slot other = other_leg(order);
  const Exposed rest = other == kNil ? Exposed{} : exposed(orders_[other]);
  add(wanted.before, v.side, rest.quantity - all.quantity, rest.reserve - all.reserve);
  return has_margin_for(wanted);
}

std::int64_t Accounts::spendable(Slot account, Slot asset) const noexcept {
  if (liquidations_.is_liquidated(account)) [[unlikely]] return 0;
  const std::int64_t available = balances_.available(account, asset);
  const bool backs = balances_.account(account).kind == AccountKind::kMargin && asset == instruments_.settlement_asset();
  if (!backs) return available;
  return static_cast<std::int64_t>(std::clamp<Int128>(standing(account).free(), 0, std::max<std::int64_t>(available, 0)));
}

void Accounts::enter_position(OrderRecord& order) noexcept {
  const Slot unit = instruments_.settlement_asset();
  balances_.obtain(order.account, unit, instruments_.asset(unit).asset_id);
  order.base_balance = positions_.obtain(order.account, order.instrument);
  count(order);
}

void Accounts::expose(const OrderRecord& order, std::int64_t sign) noexcept {
  const Exposed both = exposed_with_pair(order);
  add(positions_[order.position()], order.view.side, sign * both.quantity, sign * both.reserve);
}

void Accounts::settle_on_margin(OrderRecord& order, const Fill& message, std::int64_t fee, Step& step) {
  OrderRecord before = order;
  before.view.status = OrderStatus::kPartiallyFilled;
  before.view.leaves_quantity += message.quantity;
  before.view.cum_notional -= message.notional;
  before.view.cum_fee -= fee;
  discount(before);
  count(order);
  const Instrument& instrument = instruments_[message.instrument];
  const bool buys = order.view.side == Side::kBuy;
  const std::int64_t value = buys == (message.price >= 0) ? message.notional : -message.notional;
  const std::int64_t delta = buys ? message.quantity : -message.quantity;
  const Position& position = positions_[order.position()];
  const std::int64_t result = positions_.trade(order.position(), delta, value);
  tell(position, PositionChangeKind::kTrade, delta, result, message.trade_id, step);
  note_shrunk(order.position());
  suspect(order.account);
  const Slot clears = clearing(instrument);
  if (instrument.terms.kind == InstrumentKind::kOption) {
    pay(order.account, clears, margin_.settled(instrument, -Int128{value}), BalanceChangeKind::kTrade, instrument,
        message.trade_id, step);
  } else {
    pay(order.account, clears, margin_.settled(instrument, result), BalanceChangeKind::kResult, instrument,
        message.trade_id, step);
  }
  pay(order.account, kFeeAccount, -margin_.settled_up(instrument, fee), BalanceChangeKind::kFee, instrument,
      message.trade_id, step);
}

std::vector<PositionChangeView> Accounts::position_views(Slot account) const {
  std::vector<PositionChangeView> out;
  for (Slot at = positions_.first_of_account(account); at != kNil; at = positions_[at].next_of_account) {
    if (positions_[at].quantity != 0) out.push_back(view_of(positions_[at]));
  }
  std::ranges::sort(out, {}, &PositionChangeView::instrument_id);
  return out;
}

}  // namespace exchange::engine
