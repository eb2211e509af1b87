// The part of a stream that trades on margin.
#include "command_stream.hpp"
#include "margin_listings.hpp"
#include "wire.hpp"

namespace exchange::engine::testing {
namespace {

constexpr std::int64_t kMinute = 60'000'000'000;

}  // namespace

std::string CommandStream::set_up_margin(std::uint64_t step) {
  const std::vector<FeeTier> tiers = {{0, 1'000, 500}};
  AccountSettings settings;
  settings.kind = AccountKind::kMargin;
  switch (step) {
    case 0: return encode(SetFeeSchedule{1, tiers});
    case 1: return encode(eur_kk99());
    case 2: return encode(eur_jpy());
    case 3: return encode(oil_future());
    case 4: return encode(oil_option());
    case 5:
    case 6:
    case 7: settings.account_id = 2 * (step - 4); return encode(SetAccount{&settings});
    default: break;
  }
  const auto instrument = kEurKk99 + static_cast<std::uint32_t>(step % 4);
  if (step == kMarginSetUp - 5) return encode(acme_kk99());
  if (step >= kMarginSetUp - 4) return state_margin_prices(instrument, true);
  return set_margin(instrument, instrument == kEurJpy ? 1 : 0);  // one of them has to wait for its parameters
}

std::string CommandStream::trade_on_margin() {
  const std::uint32_t instrument = margin_instrument();
  switch (below(40)) {
    case 0: return set_margin(instrument, static_cast<std::uint32_t>(below(4)));
    case 1: return set_margin_account();
    case 2:
    case 3: return change_margin_phase(instrument);
    case 4:
    case 5:
    case 6:
    case 7: return state_margin_prices(instrument, false);
    case 8:
    case 9: return amend_on_margin(instrument);
    case 10: return sweep();
    default: return place_on_margin(instrument);
  }
}

std::uint32_t CommandStream::margin_instrument() { return any({kEurKk99, kEurJpy, future_id_, option_id_}); }

std::int64_t CommandStream::margin_lot(std::uint32_t instrument) const {
  return instrument == kEurKk99 || instrument == kEurJpy ? 100 : 1;
}

std::int64_t CommandStream::margin_price(std::uint32_t instrument) {
  switch (instrument) {
    case kEurKk99: return 5 * (2'200 + below(12));
    case kEurJpy: return 5 * (3'200 + below(12));
    default: return instrument == option_id_ ? 5 * below(12) : 5 * (below(16) - 5);
  }
}

std::string CommandStream::set_margin(std::uint32_t instrument, std::uint32_t account_class) {
  SetMarginParameters command{.short_option_margin = instrument == option_id_ ? 5'000'000 + below(9'000'000) : 0,
                              .instrument_id = instrument,
                              .account_class = account_class,
                              .initial_margin_ppm = any<std::uint32_t>({10'000, 100'000, 333'333}),
                              .maintenance_margin_ppm = any<std::uint32_t>({3'000, 50'001, 100'000}),
                              .max_leverage = any<std::uint32_t>({10, 100, 200, 500}),
                              .liquidation_penalty_ppm = any<std::uint32_t>({0, 2'000, 15'000})};
  if (one_in(15)) command.short_option_margin = any<std::int64_t>({0, 1, -1});
  if (one_in(30)) command.instrument_id = any<std::uint32_t>({99, kBtcKk99});
  if (one_in(30)) command.account_class = 256;
  if (step_ < 40) command.initial_margin_ppm = 100'000, command.maintenance_margin_ppm = 50'000, command.max_leverage = 10;
  return encode(command);
}

// Mostly back to where it trades on margin.
std::string CommandStream::set_margin_account() {
  AccountSettings settings;
  settings.account_id = account();
  settings.kind = one_in(8) ? AccountKind::kCash : AccountKind::kMargin;
  settings.trading_state = any({TradingState::kActive, TradingState::kActive, TradingState::kReducing});
  settings.has_limits = one_in(2);
  if (one_in(4)) settings.limits.max_position_lots = 1 + below(40);
  return encode(SetAccount{&settings});
}

std::string CommandStream::change_margin_phase(std::uint32_t instrument) {
  SetPhase command{instrument, TradingPhase::kContinuous, AuctionKind::kNone};
  if (one_in(4)) command.phase = any({TradingPhase::kPostOnly, TradingPhase::kHalt, TradingPhase::kClosed, TradingPhase::kAuction});
  if (command.phase == TradingPhase::kAuction) {
    command.auction_kind = any({AuctionKind::kOpening, AuctionKind::kClosing, AuctionKind::kIntraday});
  }
  if (!one_in(3)) return encode(command);
  InstrumentDefinition changed = any({eur_kk99(), eur_jpy(), oil_future(), oil_option()});
  changed.terms.static_band_bps = any<std::uint32_t>({0, 10, 30});
  changed.terms.dynamic_band_bps = any<std::uint32_t>({0, 4, 10});
  changed.terms.max_position = any<std::int64_t>({0, 0, 25, 2'500});
  if (one_in(10)) changed.terms.fee_schedule_id = any<std::uint32_t>({0, 2, 9});
  if (one_in(10)) changed.tick = 10;
  if (changed.terms.kind == InstrumentKind::kFuture) changed.instrument_id = future_id_;
  if (changed.terms.kind == InstrumentKind::kOption) changed.instrument_id = option_id_;
  const std::string symbol = margin_symbol(changed);
  changed.symbol = symbol;
  return encode(UpdateInstrument{&changed});
}

std::string CommandStream::state_margin_prices(std::uint32_t instrument, bool all) {
  SetMarkPrice command{.instrument_id = instrument,
                       .has_mark_price = all || !one_in(3),
                       .has_reference_price = one_in(3),
                       .has_conversion_rate = instrument == kEurJpy && (all || one_in(3)),
                       .mark_price = margin_price(instrument) + below(9) - 4,
                       .reference_price = margin_price(instrument) + below(3),
                       .conversion_rate_ppb = 6'000'000 + below(1'000'000)};
  if (!all && one_in(5)) command.mark_price += (below(3) - 1) * margin_price(instrument) / 2;
  return encode(command);
}

std::string CommandStream::place_on_margin(std::uint32_t instrument) {
  Made made;
  make_on_margin(made, instrument);
  return encode(made.order);
}

void CommandStream::make_on_margin(Made& made, std::uint32_t instrument) {
  made.id = client_id();
  const std::int64_t lot = margin_lot(instrument);
  PlaceOrder& order = made.order;
  SpecialTerms& special = made.special;
  order = PlaceOrder{.account_id = one_in(6) ? account() : static_cast<std::uint64_t>(2 * (1 + below(3))),
                   .client_order_id = made.id,
                   .instrument_id = instrument,
                   .side = any({Side::kBuy, Side::kSell}),
                   .type = one_in(4) ? OrderType::kMarket : OrderType::kLimit,
                   .time_in_force = any({TimeInForce::kGtc, TimeInForce::kGtc, TimeInForce::kIoc, TimeInForce::kFok}),
                   .self_trade_prevention = static_cast<SelfTradePrevention>(1 + below(4)),
                   .price = margin_price(instrument),
                   .quantity = lot * (1 + below(30)),
                   .valid_until_ns = time_ns_ + kMinute,
                   .fingerprint = random_()};
  order.post_only = order.time_in_force == TimeInForce::kGtc && one_in(6);
  if (order.type == OrderType::kMarket) {
    order.price = 0;
    order.post_only = false;
    if (order.time_in_force == TimeInForce::kGtc) order.time_in_force = TimeInForce::kIoc;
  }
  if (one_in(5)) add_special(order, special);
  if (one_in(3)) {
    make_waiting(order, special, false);
    order.quantity = lot * (1 + below(30));
    if (has_limit(order.type)) order.price = margin_price(instrument);
    special.trigger_price = margin_price(instrument);
  }
  if (one_in(12)) make_pegged_on_margin(order, special, instrument);
  if (one_in(15)) order.time_in_force = any({TimeInForce::kAtOpen, TimeInForce::kAtClose});
  if (one_in(3)) {
    order.special = &special;
    special.reduce_only = true;
    special.survive_disconnect = one_in(3);
    if (!one_in(20)) special.display_quantity = 0;
  }
  if (special.min_quantity > 0) special.min_quantity = lot * (1 + below(20));
  if (one_in(40)) order.price = any<std::int64_t>({0, -5, INT64_MIN, INT64_MAX, -1'000'000'000'000'000'000, 50'000});
  if (one_in(40)) order.quote_budget = 5'000'000, order.quantity = 0;
  if (one_in(40)) order.quantity = lot * any<std::int64_t>({0, 9'000, 90'000});
}

void CommandStream::make_pegged_on_margin(PlaceOrder& order, SpecialTerms& special, std::uint32_t instrument) {
  make_pegged(order, special, false);
  order.quantity = margin_lot(instrument) * (1 + below(30));
  order.price = margin_price(instrument);
}

// Of a series that comes after the first.
std::string CommandStream::margin_symbol(const InstrumentDefinition& listing) {
  std::string symbol(listing.symbol);
  if (listing.instrument_id > kOilOption) symbol.append(".").append(std::to_string(listing.instrument_id));
  return symbol;
}

// Settlements, rolls, exercises, and now and then an expiry.
std::string CommandStream::sweep() {
  if (one_in(2)) ++date_;
  const std::uint32_t date = one_in(10) ? date_ - 1 : date_;
  const std::uint32_t other = one_in(20) ? any<std::uint32_t>({99, kBtcKk99, kEurKk99}) : 0;
  switch (below(7)) {
    case 0:
    case 1: return encode(SettleFuture{other != 0 ? other : future_id_, date, margin_price(future_id_) + below(5) - 2});
    case 2: return encode(RollPositions{.instrument_id = other != 0 ? other : any({kEurKk99, kEurJpy}),
                                        .trading_date = date,
                                        .long_swap_price = below(9) - 2,
                                        .short_swap_price = below(9) - 6});
    case 3: return one_in(6) ? expire(date) : encode(SettleFuture{future_id_, 0, 50});
    default: break;
  }
  const std::string id = client_id();
  return encode(ExerciseOption{static_cast<std::uint64_t>(2 * (1 + below(3))), other != 0 ? other : option_id_, date,
                               1 + below(4), id});
}

// The series that follows is listed with the next commands, as long as there are numbers.
std::string CommandStream::expire(std::uint32_t date) {
  const bool option = one_in(2);
  std::uint32_t& series = option ? option_id_ : future_id_;
  const std::string command = encode(ExpireInstrument{series, date, margin_price(kOilFuture)});
  if (next_series_ > kLastSeries) return command;
  series = next_series_++;
  InstrumentDefinition listing = option ? oil_option() : oil_future();
  listing.instrument_id = series;
  const std::string symbol = margin_symbol(listing);
  listing.symbol = symbol;
  pending_ = {state_margin_prices(series, true), set_margin(series, 0), encode(listing)};
  return command;
}

std::string CommandStream::amend_on_margin(std::uint32_t instrument) {
  const std::int64_t lot = margin_lot(instrument);
  return encode(AmendOrder{.account_id = static_cast<std::uint64_t>(2 * (1 + below(3))),
                           .order_id = last_order_ - std::min(static_cast<std::uint64_t>(below(12)), last_order_),
                           .quantity = lot * below(45),
                           .price = margin_price(instrument),
                           .valid_until_ns = time_ns_ + kMinute,
                           .fingerprint = random_(),
                           .size = any({AmendSize::kTotal, AmendSize::kOpen}),
                           .has_price = one_in(2),
                           .requeue = one_in(4)});
}

}  // namespace exchange::engine::testing
