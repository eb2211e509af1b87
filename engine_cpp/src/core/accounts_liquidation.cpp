// Liquidations: the accounts' half. Who has too little, how far a reduction may go and what it costs besides, what the
// insurance fund bears, and whose positions are closed when no book takes what has to go.
#include <algorithm>

#include "accounts.hpp"

namespace exchange::engine {
namespace {

constexpr std::int64_t kMostPpm = std::int64_t{1} << 60;

constexpr SpecialTerms kReducing{.reduce_only = true};

Int128 size_of(Int128 value) noexcept { return value < 0 ? -value : value; }

std::int64_t ppm_of(Int128 part, Int128 whole) noexcept {
  const Int128 bounded = clamped_amount(part);
  return static_cast<std::int64_t>(
      std::clamp<Int128>(bounded * kMillion / std::max<Int128>(whole, 1), -kMostPpm, kMostPpm));
}

Int128 share_up(Int128 amount, Int128 part, Int128 whole) noexcept { return (amount * part + whole - 1) / whole; }

// The last price on the grid that is no worse for who trades on this side.
std::int64_t on_grid(Side side, std::int64_t price, std::int64_t tick) noexcept {
  const std::int64_t below = price / tick - (price % tick < 0 ? 1 : 0);
  return (side == Side::kBuy || price % tick == 0 ? below : below + 1) * tick;
}

}  // namespace

// What is owed when no position is left is less than nothing, and so than the maintenance margin of nothing.
bool MarginAccounts::is_short_of_margin(Slot account) const noexcept {
  if (positions_.first_of_account(account) == kNil) return false;
  const Standing now = standing(account);
  return now.equity < now.maintenance;
}

void MarginAccounts::begin_liquidation(Slot account, Step& step) {
  liquidations_.begin({.begun_seq = step.stamp.engine_seq, .account = account});
  tell_liquidation(account, LiquidationState::kStarted, step);
}

void MarginAccounts::tell_liquidation(Slot account, LiquidationState state, Step& step) {
  const Standing now = standing(account);
  step.events.liquidation_changed({.account_id = balances_.account(account).account_id,
                                   .state = state,
                                   .equity = clamped_amount(now.equity),
                                   .maintenance = clamped_amount(now.maintenance),
                                   .account_seq = balances_.next_event(account)});
}

// The holders that come next, at most so many; true if these were the last.
bool MarginAccounts::collect_holders(Inspection& inspection, std::uint32_t most, std::vector<Slot>& out) const {
  out.clear();
  if (!inspection.is_begun) inspection.next = positions_.first_of_instrument(inspection.instrument);
  inspection.is_begun = true;
  while (out.size() < most && inspection.next != kNil) {
    out.push_back(positions_[inspection.next].account);
    inspection.next = positions_[inspection.next].next_of_instrument;
  }
  return inspection.next == kNil;
}

// The first position that has its turn still, and is open in a market that matches.
Slot MarginAccounts::next_to_close(const Liquidation& liquidation) const noexcept {
  const Slot first = liquidation.is_under_way ? liquidation.next : positions_.first_of_account(liquidation.account);
  for (Slot at = first; at != kNil; at = positions_[at].next_of_account) {
    const Instrument& instrument = instruments_[positions_[at].instrument];
    const bool matches = instrument.phase == TradingPhase::kContinuous && margin_.is_priced(instrument);
    if (positions_[at].quantity != 0 && matches) return at;
  }
  return kNil;
}

bool MarginAccounts::has_room_to_reduce() const noexcept { return orders_.room() > 0 && orders_.specials().has_room(); }

// An order of the engine's own. Its id holds a character that no owner's id has.
PlaceOrder MarginAccounts::reduction_of(Slot position, std::string& id) const {
  const Position& p = positions_[position];
  id = "liquidation:" + std::to_string(orders_.last_id() + 1);
  return {.account_id = balances_.account(p.account).account_id,
          .client_order_id = id,
          .instrument_id = instruments_[p.instrument].instrument_id,
          .side = p.quantity > 0 ? Side::kSell : Side::kBuy,
          .type = OrderType::kMarket,
          .time_in_force = TimeInForce::kIoc,
          .self_trade_prevention = SelfTradePrevention::kCancelMaker,
          .quantity = p.quantity > 0 ? p.quantity : -p.quantity,
          .special = &kReducing};
}

// The worst price at which the account and the insurance fund together can bear the loss of closing all of it, with the
// fee for doing so at `edge`, the worst price otherwise. None if they cannot even at the mark.
std::optional<std::int64_t> MarginAccounts::bearable_price(Slot slot, std::int64_t edge) const noexcept {
  const Position& p = positions_[slot];
  const Instrument& instrument = instruments_[p.instrument];
  const std::int64_t mark = instrument.prices.mark;
  const Int128 size = size_of(p.quantity);
  const auto notional_at = [&](std::int64_t price) { return size_of(value_at(instrument, price, size)); };
  const std::int64_t notional = clamped_amount(std::max(notional_at(mark), notional_at(edge)));
  const std::int32_t ppm = std::max(rates_of(balances_.account(p.account), p.instrument).taker_ppm, 0);
  const Int128 fee = margin_.settled_up(instrument, Int128{fee_on(notional, ppm)} + 1);
  const Int128 fund = std::max<std::int64_t>(balances_.available(kInsuranceFund, instruments_.settlement_asset()), 0);
  const Int128 left = clamped_amount(standing(p.account).equity) + fund - fee;
  if (left < 0) return {};
  const Int128 most = margin_.price_span(instrument, left, size);
  const auto span = static_cast<std::int64_t>(std::min<Int128>(most, 2 * kMaxPrice));
  return p.quantity > 0 ? on_grid(Side::kSell, mark - span, instrument.tick)
                        : on_grid(Side::kBuy, mark + span, instrument.tick);
}

Place Accounts::begin_reduction(const PlaceOrder& command, const Admission& admission, const Quote& quote,
                                const Pricing& pricing, const Step& step) noexcept {
  const Reservation taken = take(command, admission, quote, pricing, step);
  reduction_ = taken.place.owner;
  return taken.place;
}

// It ended with its step, and no id refers to it. A penalty takes no more than there is.
void Accounts::conclude_reduction(Slot slot, Step& step) {
  const OrderRecord& order = orders_[slot];
  const Instrument& instrument = instruments_[order.instrument];
  const Account& account = balances_.account(order.account);
  const SetMarginParameters* const parameters =
      instruments_.margin().find(instrument.instrument_id, account.account_class);
  const std::uint32_t ppm = parameters == nullptr ? 0 : parameters->liquidation_penalty_ppm;
  const Int128 asked = share_up(order.view.cum_notional, ppm, kMillion);
  const Int128 left = std::max<Int128>(standing(order.account).equity, 0);
  const Int128 penalty = std::min(margin_.settled_up(instrument, asked), left);
  pay(kInsuranceFund, order.account, penalty, BalanceChangeKind::kPenalty, instrument, 0, step);
  orders_.forget(slot);
  reduction_ = kNil;
}

// What the account lacks, as far as the fund has it.
void MarginAccounts::insure(Slot account, Int128 lacking, Step& step) {
  const Position& any = positions_[positions_.first_of_account(account)];
  const std::int64_t has = std::max<std::int64_t>(collateral(kInsuranceFund).available, 0);
  const Int128 paid = std::clamp<Int128>(lacking, 0, has);
  pay(account, kInsuranceFund, paid, BalanceChangeKind::kInsurance, instruments_[any.instrument], 0, step);
}

// The books had their chance; what the account lacks at the mark the fund pays.
void MarginAccounts::begin_deleveraging(Slot account, Step& step) {
  tell_liquidation(account, LiquidationState::kDeleveraging, step);
  insure(account, -standing(account).equity, step);
}

void MarginAccounts::end_liquidation(Slot account, Step& step) {
  if (!positions_.has_open(account)) insure(account, -Int128{collateral(account).available}, step);
  tell_liquidation(account, LiquidationState::kEnded, step);
}

// Goes on with the walk over those opposite to `position`, looking at so many positions; answers at how many it did.
std::uint32_t MarginAccounts::rank(Slot position, std::uint32_t most) {
  Ranking& ranking = liquidations_.ranking();
  const bool is_new = ranking.position() != position || (ranking.next() == kNil && ranking.is_empty());
  if (is_new) ranking.begin(position, positions_.first_of_instrument(positions_[position].instrument));
  std::uint32_t looked = 0;
  for (; looked < most && ranking.next() != kNil; ++looked) {
    const Slot at = ranking.next();
    if (are_opposite(position, at)) ranking.offer(ranked(at));
    ranking.pass_to(positions_[at].next_of_instrument);
  }
  return looked;
}

bool MarginAccounts::are_opposite(Slot one, Slot other) const noexcept {
  const std::int64_t quantity = positions_[other].quantity;
  return quantity != 0 && (quantity > 0) != (positions_[one].quantity > 0);
}

Ranked MarginAccounts::ranked(Slot slot) const noexcept {
  const Position& p = positions_[slot];
  const Instrument& instrument = instruments_[p.instrument];
  const Int128 worth = value_at(instrument, instrument.prices.mark, p.quantity);
  const Int128 notional = size_of(margin_.settled(instrument, worth));
  return {.gain_ppm = ppm_of(worth - p.cost, size_of(p.cost)),
          .leverage_ppm = ppm_of(notional, clamped_amount(standing(p.account).equity)),
          .account_id = balances_.account(p.account).account_id,
          .position = slot};
}

// Closes as much of both as they have in common, at the mark; if the account lacks something even so, the other one
// bears the part of it that falls on what is closed.
void MarginAccounts::deleverage(Slot closing, Slot opposite, Step& step) {
  const Position& p = positions_[closing];
  const Instrument& instrument = instruments_[p.instrument];
  const std::int64_t held = positions_[opposite].quantity;
  const std::int64_t delta = p.quantity > 0 ? -std::min(p.quantity, -held) : std::min(-p.quantity, held);
  const Int128 borne = borne_by_others(p, delta < 0 ? -delta : delta);
  const std::int64_t value = clamped_amount(value_at(instrument, instrument.prices.mark, delta) - borne);
  const bool option = instrument.terms.kind == InstrumentKind::kOption;
  const BalanceChangeKind kind = option ? BalanceChangeKind::kTrade : BalanceChangeKind::kResult;
  close(closing, delta, value, PositionChangeKind::kDeleveraged, kind, step);
  close(opposite, -delta, -value, PositionChangeKind::kDeleveraged, kind, step);
}

// Of what the account lacks, by the share of the quantity in the position, and of the position in all that is open. In
// quote units, rounded up.
Int128 MarginAccounts::borne_by_others(const Position& position, std::int64_t quantity) const noexcept {
  const Int128 lacking = -Int128{clamped_amount(standing(position.account).equity)};
  if (lacking <= 0) return 0;
  const auto notional = [&](const Position& p) -> Int128 {
    const Instrument& instrument = instruments_[p.instrument];
    const Int128 value = value_at(instrument, instrument.prices.mark, p.quantity);
    return size_of(clamped_amount(margin_.settled(instrument, value)));
  };
  Int128 all = 0;
  for (Slot at = positions_.first_of_account(position.account); at != kNil; at = positions_[at].next_of_account) {
    all += notional(positions_[at]);
  }
  const Int128 here = all == 0 ? lacking : share_up(lacking, notional(position), all);
  const Int128 part = share_up(here, quantity, size_of(position.quantity));
  return margin_.quoted_up(instruments_[position.instrument], part);
}

// Every walk stands where it can go on, and whatever is liquidated has positions, if only closed ones.
bool MarginAccounts::can_liquidate() const {
  bool can = std::ranges::all_of(liquidations_.inspections(), [&](const Inspection& i) {
    return instruments_[i.instrument].on_margin && (i.next == kNil || positions_[i.next].instrument == i.instrument);
  });
  liquidations_.for_each([&](const Liquidation& l) {
    can = can && (l.next == kNil || positions_[l.next].account == l.account);
    can = can && positions_.first_of_account(l.account) != kNil;
  });
  const Ranking& ranking = liquidations_.ranking();
  if (ranking.position() == kNil) return can;
  const auto fits = [&](Slot at) { return positions_[at].instrument == positions_[ranking.position()].instrument; };
  return can && (ranking.next() == kNil || fits(ranking.next())) &&
         std::ranges::all_of(ranking.kept(), [&](const Ranked& r) {
           return fits(r.position) && r.account_id == balances_.account(positions_[r.position].account).account_id;
         });
}

}  // namespace exchange::engine
