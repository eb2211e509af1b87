// Instruments on margin in the naive engine: everything is added up anew whenever it is asked for.
#include "engine.hpp"

#include <algorithm>

namespace exchange::engine::reference {
namespace {

constexpr std::int64_t kLargest = std::int64_t{1} << 61;
constexpr std::int64_t kHighestPrice = 1'000'000'000'000'000'000;

Wide ten_to(std::uint32_t exponent) { return exponent == 0 ? 1 : 10 * ten_to(exponent - 1); }

Wide down(Wide value, Wide divisor) { return value / divisor - (value % divisor < 0 ? 1 : 0); }
Wide up(Wide value, Wide divisor) { return value / divisor + (value % divisor > 0 ? 1 : 0); }

Wide size_of(Wide value) { return value < 0 ? -value : value; }

std::int64_t fee_of(std::int64_t notional, std::int32_t ppm) {
  return static_cast<std::int64_t>(up(Wide{notional} * ppm, 1'000'000));
}

}  // namespace

bool Engine::on_margin(const InstrumentDefinition& d) {
  return d.terms.kind != InstrumentKind::kSpot && d.terms.kind != InstrumentKind::kSecurity;
}

bool Engine::is_option(const InstrumentDefinition& d) { return d.terms.kind == InstrumentKind::kOption; }

bool Engine::is_price(const InstrumentDefinition& d, std::int64_t price) {
  return price <= kHighestPrice && (price > 0 || (on_margin(d) && price >= -kHighestPrice));
}

std::uint32_t Engine::settlement_asset() const {
  for (const auto& [id, asset] : assets_) {
    if (asset.symbol == "KK99") return id;
  }
  return 0;
}

// Does what a listing on margin says fit together, and with what is listed already?
bool Engine::fits_on_margin(const InstrumentDefinition& d) const {
  const InstrumentTerms& t = d.terms;
  if (d.quote.symbol != "KK99" && settlement_asset() == 0) return false;
  if (!is_option(d)) return true;
  const auto underlying = instruments_.find(t.underlying_id);
  if (underlying == instruments_.end() || is_option(underlying->second.definition)) return false;
  const InstrumentDefinition& u = underlying->second.definition;
  return is_price(u, t.strike_price) && u.quote.asset_id == d.quote.asset_id;
}

void Engine::open_clearing(std::uint32_t instrument_id) {
  Account& account = accounts_[clearing_account(instrument_id)];
  account.opened.account_id = account.set.account_id = clearing_account(instrument_id);
}

Result Engine::on(const SetMarginParameters& c) {
  const auto found = instruments_.find(c.instrument_id);
  if (found == instruments_.end()) return {now_.engine_seq, Reason::kUnknownInstrument};
  const InstrumentDefinition& d = found->second.definition;
  if (!on_margin(d)) return {now_.engine_seq, Reason::kMarginParametersInvalid};
  const auto is_share = [](std::uint32_t ppm) { return ppm >= 1 && ppm <= 1'000'000; };
  const bool in_range = c.account_class <= 255 && is_share(c.initial_margin_ppm) && is_share(c.maintenance_margin_ppm) &&
                        c.max_leverage >= 1 && c.max_leverage <= 500 && c.liquidation_penalty_ppm <= 1'000'000 &&
                        c.short_option_margin >= 0 && c.short_option_margin <= kLargest;
  if (!in_range) return {now_.engine_seq, Reason::kInvalidField};
  auto& classes = margin_[c.instrument_id];
  bool fits = c.maintenance_margin_ppm <= c.initial_margin_ppm;
  fits = fits && Wide{c.initial_margin_ppm} * c.max_leverage >= 1'000'000;
  fits = fits && is_option(d) == (c.short_option_margin != 0);
  fits = fits && (c.account_class == 0 || classes.contains(0));
  for (const auto& [number, tier] : schedules_.at(d.terms.fee_schedule_id)) {
    fits = fits && Wide{tier.taker_fee_ppm} * c.max_leverage < 1'000'000;
    fits = fits && Wide{tier.maker_fee_ppm} * c.max_leverage < 1'000'000;
  }
  if (!fits) return {now_.engine_seq, Reason::kMarginParametersInvalid};
  const auto known = classes.find(c.account_class);
  const auto all = [](const SetMarginParameters& p) {
    return std::tuple(p.initial_margin_ppm, p.maintenance_margin_ppm, p.max_leverage, p.liquidation_penalty_ppm,
                      p.short_option_margin);
  };
  if (known != classes.end() && all(known->second) == all(c)) return {now_.engine_seq};
  classes[c.account_class] = c;
  events_->margin_parameters_changed(c);
  inspect(c.instrument_id);
  return {now_.engine_seq};
}

// Would these tiers eat the margin of an instrument that has them?
bool Engine::are_ruinous(std::uint32_t schedule, const std::map<std::uint32_t, FeeTier>& tiers) const {
  for (const auto& [id, instrument] : instruments_) {
    if (!on_margin(instrument.definition) || instrument.definition.terms.fee_schedule_id != schedule) continue;
    const auto classes = margin_.find(id);
    if (classes == margin_.end()) continue;
    for (const auto& [account_class, parameters] : classes->second) {
      for (const auto& [number, tier] : tiers) {
        if (Wide{tier.taker_fee_ppm} * parameters.max_leverage >= 1'000'000) return true;
        if (Wide{tier.maker_fee_ppm} * parameters.max_leverage >= 1'000'000) return true;
      }
    }
  }
  return false;
}

const SetMarginParameters* Engine::margin_of(std::uint32_t instrument_id, std::uint64_t account_id) const {
  const auto classes = margin_.find(instrument_id);
  if (classes == margin_.end() || classes->second.empty()) return nullptr;
  const auto own = classes->second.find(accounts_.at(account_id).set.account_class);
  return own == classes->second.end() ? &classes->second.at(0) : &own->second;
}

// The worth of a quantity at a price in the quote asset.
Wide Engine::worth(const Instrument& i, std::int64_t price, Wide quantity) const {
  const InstrumentDefinition& d = i.definition;
  return down(price * quantity * d.terms.multiplier * ten_to(d.quote.scale), ten_to(d.price_scale + d.quantity_scale));
}

// An amount of the quote asset in KK99.
Wide Engine::settled(const Instrument& i, Wide amount) const {
  if (i.quote_symbol == "KK99") return amount;
  const std::uint32_t scale = assets_.at(settlement_asset()).scale;
  return down(amount * i.prices.conversion_rate_ppb * ten_to(scale), ten_to(9 + i.definition.quote.scale));
}

Position Engine::position_of(std::uint64_t account_id, std::uint32_t instrument_id) const {
  const auto& positions = accounts_.at(account_id).positions;
  const auto found = positions.find(instrument_id);
  return found == positions.end() ? Position{} : found->second;
}

std::int64_t Engine::reserve_of(const Order& order) const {
  const OrderView& v = order.view;
  const Instrument& i = instruments_.at(v.instrument_id);
  if (backed(order) == 0) return 0;
  const std::int64_t value = notional(i, order.held_at, backed(order));
  const std::int64_t fees = fee_of(v.cum_notional + value, std::max(order.maker_ppm, order.taker_ppm)) + 1 - v.cum_fee;
  return is_option(i.definition) && v.side == Side::kBuy ? value + fees : fees;
}

void Engine::add(Outlook& outlook, const Order& order) const {
  (order.view.side == Side::kBuy ? outlook.buys : outlook.sells) += backed(order);
  outlook.reserved += reserve_of(order);
}

// A leg of a pair adds what is more than the other one does.
void Engine::add_beside(Outlook& outlook, const Order& order, const Order* other) const {
  if (other == nullptr || !other->is_open()) return add(outlook, order);
  const std::int64_t more = std::max(backed(order) - backed(*other), std::int64_t{0});
  (order.view.side == Side::kBuy ? outlook.buys : outlook.sells) += more;
  outlook.reserved += std::max(reserve_of(order) - reserve_of(*other), std::int64_t{0});
}

Order Engine::as_order(const PlaceOrder& c, std::int64_t worst) const {
  const FeeTier fees = fees_of(c.account_id, c.instrument_id);
  Order order;
  order.view.instrument_id = c.instrument_id;
  order.view.side = c.side;
  order.view.leaves_quantity = c.quantity;
  order.held_at = worst;
  order.maker_ppm = fees.maker_fee_ppm;
  order.taker_ppm = fees.taker_fee_ppm;
  return order;
}

// The account's position in the instrument and all its open orders, but for one.
Outlook Engine::outlook_of(std::uint64_t account_id, std::uint32_t instrument_id, const Order* without) const {
  const auto& claims = accounts_.at(account_id).claimed;
  const auto claimed = claims.find(instrument_id);
  Outlook out = claimed == claims.end() ? Outlook{} : claimed->second;
  out.quantity = position_of(account_id, instrument_id).quantity;
  for (const auto& [id, order] : orders_) {
    const bool counts = order.view.account_id == account_id && order.view.instrument_id == instrument_id;
    if (!counts || !order.is_open() || reduces(order) || &order == without) continue;
    const Order* const other = other_leg(order);
    const bool second = other != nullptr && other != without && other->view.order_id < id;
    add_beside(out, order, second ? other : nullptr);
  }
  return out;
}

Wide Engine::exposure_of(const Instrument& i, const Outlook& o) {
  if (is_option(i.definition)) return std::max<Wide>(o.sells - o.quantity, 0);
  return std::max(size_of(o.quantity + o.buys), size_of(o.quantity - o.sells));
}

Wide Engine::initial_margin(const Instrument& i, const Outlook& o, std::uint64_t account_id) const {
  const SetMarginParameters* const p = margin_of(i.definition.instrument_id, account_id);
  const Wide worst = exposure_of(i, o);
  if (p == nullptr) return 0;
  Wide margin = 0;
  if (is_option(i.definition)) {
    margin = up(worst * p->short_option_margin, ten_to(i.definition.quantity_scale));
  } else {
    margin = up(-worth(i, -std::abs(i.prices.mark), worst) * p->initial_margin_ppm, 1'000'000);
  }
  return -settled(i, -(margin + o.reserved));
}

Wide Engine::equity_of(std::uint64_t account_id) const {
  const Account& account = accounts_.at(account_id);
  const auto collateral = account.balances.find(settlement_asset());
  Wide equity = collateral == account.balances.end() ? 0 : collateral->second.available;
  for (const auto& [id, position] : account.positions) {
    const Instrument& i = instruments_.at(id);
    if (position.quantity == 0 || !has_margin_prices(i)) continue;
    const Wide value = worth(i, i.prices.mark, position.quantity);
    equity += settled(i, is_option(i.definition) ? value : value - position.cost);
  }
  return equity;
}

bool Engine::has_margin_prices(const Instrument& i) {
  return i.prices.has_mark && (i.quote_symbol == "KK99" || i.prices.has_conversion_rate);
}

// What is left of the equity when all margins are covered; with this outlook in one instrument, if any is given.
Wide Engine::free_margin(std::uint64_t account_id, std::uint32_t instrument_id, const Outlook* instead) const {
  Wide left = equity_of(account_id);
  for (const auto& [id, i] : instruments_) {
    if (!on_margin(i.definition)) continue;
    const bool given = instead != nullptr && id == instrument_id;
    left -= initial_margin(i, given ? *instead : outlook_of(account_id, id, nullptr), account_id);
  }
  return left;
}

std::int64_t Engine::spendable(std::uint64_t account_id, std::uint32_t asset_id) const {
  if (is_liquidated(account_id)) return 0;
  const Account& account = accounts_.at(account_id);
  const auto balance = account.balances.find(asset_id);
  const std::int64_t available = balance == account.balances.end() ? 0 : balance->second.available;
  if (account.set.kind != AccountKind::kMargin || asset_id != settlement_asset()) return available;
  const Wide most = std::max<std::int64_t>(available, 0);
  return static_cast<std::int64_t>(std::clamp<Wide>(free_margin(account_id, 0, nullptr), 0, most));
}

// The same for one that only reduces.
std::vector<Reason> Engine::against_position(std::uint64_t account_id, const Instrument& i, Side side,
                                             std::size_t more) const {
  if (accounts_.at(account_id).set.kind != AccountKind::kMargin) return {Reason::kAccountKindNotAllowed};
  if (margin_of(i.definition.instrument_id, account_id) == nullptr) return {Reason::kMarginParametersMissing};
  if (!has_margin_prices(i)) return {Reason::kNoReferencePrice};
  return against_reducing(account_id, i, side, more);
}

// All that speaks against an order of this side that changes the outlook so.
std::vector<Reason> Engine::against_exposure(std::uint64_t account_id, const Instrument& i, Side side,
                                             const Outlook& before, const Outlook& after) const {
  const Account& account = accounts_.at(account_id);
  const InstrumentDefinition& d = i.definition;
  if (account.set.kind != AccountKind::kMargin) return {Reason::kAccountKindNotAllowed};
  if (margin_of(d.instrument_id, account_id) == nullptr) return {Reason::kMarginParametersMissing};
  if (!has_margin_prices(i)) return {Reason::kNoReferencePrice};
  std::vector<Reason> out;
  const bool buys = side == Side::kBuy;
  const Wide reach = buys ? after.quantity + after.buys : after.sells - after.quantity;
  const bool opposite = buys ? after.quantity < 0 : after.quantity > 0;
  const TradingState state = trading_state(account_id);
  const bool allowed = state == TradingState::kActive || (state == TradingState::kReducing && opposite && reach <= 0);
  if (!allowed) out.push_back(Reason::kTradingState);
  bool fits = reach <= kLargest && after.buys <= kLargest && after.sells <= kLargest && after.reserved <= kLargest;
  if (d.terms.max_position != 0) fits = fits && reach <= d.terms.max_position;
  const std::int64_t lots = account.set.limits.max_position_lots;
  if (lots != 0) fits = fits && reach <= Wide{lots} * d.lot;
  if (!fits) out.push_back(Reason::kPositionLimit);
  if (!has_margin(account_id, i, before, after)) out.push_back(Reason::kInsufficientMargin);
  return out;
}

bool Engine::has_margin(std::uint64_t account_id, const Instrument& i, const Outlook& before,
                        const Outlook& after) const {
  const bool pays_more = is_option(i.definition) && after.quantity + after.buys > 0 && after.reserved > before.reserved;
  const bool exposes_more = exposure_of(i, after) > exposure_of(i, before);
  if (!pays_more && !exposes_more) return true;
  return free_margin(account_id, i.definition.instrument_id, &after) >= 0;
}

std::vector<Reason> Engine::against_exposure(const PlaceOrder& c, std::int64_t worst) const {
  const Instrument& i = instruments_.at(c.instrument_id);
  const Outlook before = outlook_of(c.account_id, c.instrument_id, nullptr);
  if (c.special != nullptr && c.special->reduce_only) {
    const bool at_once = c.time_in_force == TimeInForce::kIoc || c.time_in_force == TimeInForce::kFok;
    const bool stays = !at_once || waits_for_price(c.type);
    return against_position(c.account_id, i, c.side, before.reducing + (stays ? 1 : 0));
  }
  Outlook after = before;
  add_beside(after, as_order(c, worst), first_leg_ ? &*first_leg_ : nullptr);
  return against_exposure(c.account_id, i, c.side, before, after);
}

Reason Engine::check_amended_exposure(const Order& order, std::int64_t price, std::int64_t leaves) const {
  const OrderView& v = order.view;
  if (reduces(order)) {
    const auto against = against_position(v.account_id, instruments_.at(v.instrument_id), v.side, 0);
    return against.empty() ? Reason::kNone : against.front();
  }
  Order changed = order;
  changed.held_at = price;
  changed.view.leaves_quantity = leaves;
  Outlook after = outlook_of(v.account_id, v.instrument_id, &order);
  add_beside(after, changed, other_leg(order));
  const auto against = against_exposure(v.account_id, instruments_.at(v.instrument_id), v.side,
                                        outlook_of(v.account_id, v.instrument_id, nullptr), after);
  return against.empty() ? Reason::kNone : against.front();
}

bool Engine::is_covered_at_trigger(const Order& order) const {
  const OrderView& v = order.view;
  if (reduces(order)) return true;
  return has_margin(v.account_id, instruments_.at(v.instrument_id), outlook_of(v.account_id, v.instrument_id, &order),
                    outlook_of(v.account_id, v.instrument_id, nullptr));
}

// The result of what closes; what is left opens at the price.
std::int64_t Engine::change_position(Position& p, std::int64_t delta, std::int64_t value) {
  if (p.quantity == 0 || (p.quantity > 0) == (delta > 0)) {
    p.quantity += delta;
    p.cost += value;
    return 0;
  }
  const std::int64_t closed = std::min(std::abs(p.quantity), std::abs(delta));
  const auto released = static_cast<std::int64_t>(Wide{p.cost} * closed / std::abs(p.quantity));  // toward zero
  const auto at_price = static_cast<std::int64_t>(Wide{value} * closed / std::abs(delta));
  const std::int64_t result = -at_price - released;
  p.quantity += delta;
  p.cost += value - at_price - released;
  p.realised += result;
  return result;
}

void Engine::settle_on_margin(const Order& order, const FillView& fill, std::int64_t fee) {
  const OrderView& v = order.view;
  const Instrument& i = instruments_.at(v.instrument_id);
  const int sign = (v.side == Side::kBuy ? 1 : -1);
  const std::int64_t value = (fill.price < 0 ? -sign : sign) * fill.notional;
  Position& position = accounts_.at(v.account_id).positions[v.instrument_id];
  const std::int64_t result = change_position(position, sign * fill.quantity, value);
  tell_position(v.account_id, v.instrument_id, PositionChangeKind::kTrade, sign * fill.quantity, result, fill.trade_id);
  suspect(v.account_id);
  const std::uint64_t clearing = clearing_account(v.instrument_id);
  if (is_option(i.definition)) {
    pay_settled(v.account_id, clearing, settled(i, -value), BalanceChangeKind::kTrade, v.instrument_id, fill.trade_id);
  } else {
    pay_settled(v.account_id, clearing, settled(i, result), BalanceChangeKind::kResult, v.instrument_id, fill.trade_id);
  }
  pay_settled(v.account_id, 0, settled(i, -fee), BalanceChangeKind::kFee, v.instrument_id, fill.trade_id);
}

void Engine::pay_settled(std::uint64_t to, std::uint64_t from, Wide amount, BalanceChangeKind kind,
                         std::uint32_t instrument_id, std::uint64_t trade_id) {
  if (amount == 0) return;
  const std::uint32_t asset = settlement_asset();
  const auto change = static_cast<std::int64_t>(amount);
  for (const auto& [id, part] : {std::pair(to, change), std::pair(from, -change)}) {
    Balance& balance = accounts_.at(id).balances[asset];
    balance.available += part;
    events_->balance_changed({.account_id = id,
                              .asset_id = asset,
                              .kind = kind,
                              .amount = part,
                              .available = balance.available,
                              .held = balance.held,
                              .trade_id = trade_id,
                              .account_seq = next_private_event(id)},
                             instrument_id);
  }
}

void Engine::tell_position(std::uint64_t account_id, std::uint32_t instrument_id, PositionChangeKind kind,
                           std::int64_t change, std::int64_t result, std::uint64_t trade_id) {
  const Position& p = accounts_.at(account_id).positions[instrument_id];
  events_->position_changed({.account_id = account_id,
                             .instrument_id = instrument_id,
                             .kind = kind,
                             .quantity = p.quantity,
                             .cost = p.cost,
                             .realised = p.realised,
                             .change = change,
                             .result = result,
                             .trade_id = trade_id,
                             .account_seq = next_private_event(account_id)});
}

}  // namespace exchange::engine::reference
