#include "command_stream.hpp"

#include <algorithm>

#include "listings.hpp"
#include "wire.hpp"

namespace exchange::engine::testing {
namespace {

constexpr std::uint64_t kAccounts = 6;
constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kMinute = 60 * kSecond;
constexpr std::int64_t kDay = 24 * 60 * kMinute;
constexpr std::size_t kRecent = 64;
constexpr std::size_t kOpenSeen = 24;

}  // namespace

Limits tight_limits() {
  Limits limits;
  limits.instruments = 16;
  limits.assets = 16;
  limits.accounts = 64;
  limits.balances = 256;
  limits.positions = 256;
  limits.open_orders = 4'096;
  limits.orders = 65'536;
  limits.special_orders = 65'536;
  limits.ids = 65'536;
  limits.levels = 1'024;
  limits.ids_per_account = 70;
  limits.open_orders_per_account = 14;
  limits.cancels_per_command = 4;
  limits.positions_per_command = 3;
  limits.trails_per_command = 2;
  limits.sessions = 16;
  limits.sessions_per_account = 2;
  limits.gateways = 8;
  return limits;
}

std::int64_t CommandStream::below(std::int64_t bound) {
  return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(bound));
}

std::string CommandStream::next() {
  const std::uint64_t step = step_++;
  if (step < 3 + kAccounts) return set_up(step);
  if (step < 3 + kAccounts + kMarginSetUp) return set_up_margin(step - 3 - kAccounts);
  if (!pending_.empty()) {
    std::string command = pending_.back();
    pending_.pop_back();
    return command;
  }
  pass_time();
  if (!recent_.empty() && one_in(20)) return recent_[static_cast<std::size_t>(below(std::ssize(recent_)))];
  if (calm_) return keep(next_calm());
  if (leveraged_) return keep(next_leveraged());
  if (one_in(25)) return change_market();
  if (one_in(14)) return recent_.emplace_back(one_in(3) ? place_together() : place_group());
  if (one_in(12)) return recent_.emplace_back(connect());
  if (one_in(120)) return recent_.emplace_back(bust());
  if (one_in(60)) return recent_.emplace_back(settle());
  const std::int64_t dice = below(100);
  std::string command = one_in(4) ? trade_on_margin() : one_in(50) ? govern() : dice < 58 ? place() : dice < 74 ? amend() : dice < 88 ? cancel() : dice < 98 ? transfer() : one_in(3) ? cancel_many() : administer();
  return keep(command);
}

std::string CommandStream::keep(const std::string& command) {
  recent_.push_back(command);
  if (recent_.size() > kRecent) recent_.erase(recent_.begin());
  return command;
}

void CommandStream::pass_time() {
  time_ns_ += below(2 * kSecond);
  if (one_in(500)) time_ns_ += 9 * kMinute + below(2 * kMinute);
  if (one_in(6'000)) time_ns_ += 91 * kDay;
}

std::string CommandStream::set_up(std::uint64_t step) {
  if (step == 0) return encode(btc_kk99());
  if (step == 1) return encode(eth_btc());
  if (step == 2) return encode(halted());
  const std::uint64_t id = step - 2;
  const std::uint64_t group = id <= 2 ? 77 : 0;  // the first two belong together
  const bool free = id == 6;
  return encode(OpenAccount{id, group, free ? 0 : 1'000U, free ? 0 : static_cast<std::uint32_t>(500 * id)});
}

std::uint64_t CommandStream::account() {
  return one_in(200) ? any<std::uint64_t>({0, 99}) : 1 + static_cast<std::uint64_t>(below(kAccounts));
}

std::string CommandStream::client_id() {
  if (!one_in(12)) ++ids_;
  return "id-" + std::to_string(ids_ - std::min<std::uint64_t>(ids_, static_cast<std::uint64_t>(below(3))));
}

std::string CommandStream::place() {
  Made made;
  make(made);
  if (one_in(12)) spoil(made.order);
  return encode(made.order);
}

void CommandStream::make(Made& made) {
  const bool cross = one_in(4);
  made.id = client_id();
  PlaceOrder& order = made.order;
  order = PlaceOrder{.account_id = account(),
                   .client_order_id = made.id,
                   .instrument_id = cross ? kEthBtc : one_in(4) ? kAcmeKk99 : kBtcKk99,
                   .side = any({Side::kBuy, Side::kSell}),
                   .type = one_in(4) ? OrderType::kMarket : OrderType::kLimit,
                   .time_in_force = any({TimeInForce::kGtc, TimeInForce::kGtc, TimeInForce::kIoc, TimeInForce::kFok}),
                   .self_trade_prevention = static_cast<SelfTradePrevention>(1 + below(4)),
                   .price = cross ? 10 * (300 + below(12)) : 5 * (2'000 + below(12)),
                   .quantity = 10 * (1 + below(40)),
                   .valid_until_ns = time_ns_ + kMinute,
                   .fingerprint = random_(),
                   .session_id = one_in(3) ? static_cast<std::uint64_t>(below(3)) : 0};
  order.post_only = order.time_in_force == TimeInForce::kGtc && one_in(6);
  if (order.type == OrderType::kMarket) {
    order.price = 0;
    order.post_only = false;
    if (order.time_in_force == TimeInForce::kGtc) order.time_in_force = TimeInForce::kIoc;
    if (order.side == Side::kBuy && order.time_in_force == TimeInForce::kIoc && one_in(2)) {
      order.quantity = 0;
      order.quote_budget = cross ? 1 + below(5'000'000) : 1'000'000 + below(50'000'000);
    }
  }
  SpecialTerms& special = made.special;
  if (one_in(4)) add_special(order, special);
  if (one_in(10)) order.time_in_force = any({TimeInForce::kAtOpen, TimeInForce::kAtClose});
  if (one_in(5)) make_waiting(order, special, cross);
  if (one_in(7)) make_pegged(order, special, cross);
  if (order.time_in_force == TimeInForce::kGtc ? one_in(4) : one_in(60)) make_expiring(order, special);
}

// Terms that fit the order, or hardly.
void CommandStream::add_special(PlaceOrder& order, SpecialTerms& special) {
  order.special = &special;
  special.tag = static_cast<std::uint32_t>(below(3));
  special.survive_disconnect = one_in(40);
  special.reduce_only = one_in(40);
  special.validate_only = one_in(6);
  special.post_only_reprice = order.post_only ? one_in(2) : one_in(40);
  const bool some = order.time_in_force == TimeInForce::kIoc && order.quote_budget == 0;
  if (some ? one_in(2) : one_in(40)) special.min_quantity = 10 * (1 + below(40));
  const bool stays = order.type == OrderType::kLimit && order.time_in_force == TimeInForce::kGtc;
  if (stays ? one_in(2) : one_in(40)) special.display_quantity = 10 * (1 + below(20));
  if (one_in(60)) special.display_quantity = any<std::int64_t>({-10, 3, 10, INT64_MAX, INT64_MIN});
  if (one_in(40)) special.min_quantity = any<std::int64_t>({-10, 3, INT64_MAX, INT64_MIN});
}

// An order that waits for a price near by.
void CommandStream::make_waiting(PlaceOrder& order, SpecialTerms& special, bool cross) {
  order.special = &special;
  order.type = static_cast<OrderType>(3 + below(5));
  order.quote_budget = 0;
  order.quantity = 10 * (1 + below(40));
  order.price = 0;
  if (has_limit(order.type)) {
    order.price = cross ? 10 * (300 + below(12)) : 5 * (2'000 + below(12));
    order.post_only = order.time_in_force == TimeInForce::kGtc && one_in(3);
  } else {
    order.post_only = false;
    if (order.time_in_force == TimeInForce::kGtc) order.time_in_force = TimeInForce::kIoc;
  }
  special.has_trigger_price = !one_in(50);
  special.trigger_price = cross ? 10 * (300 + below(12)) : 5 * (2'000 + below(12));
  if (one_in(40)) special.trigger_price += any<std::int64_t>({1, -special.trigger_price, INT64_MAX - 100'000});
  special.trigger_reference = static_cast<TriggerReference>(below(5));
  if (order.type == OrderType::kTrailingStop || one_in(60)) make_trailing(special);
}

// A distance that the prices of the stream cover now and then.
void CommandStream::make_trailing(SpecialTerms& special) {
  special.has_trigger_price = one_in(60);
  if (!special.has_trigger_price) special.trigger_price = 0;
  if (one_in(2)) special.trailing_ticks = 1 + below(8);
  if (special.trailing_ticks == 0 || one_in(60)) special.trailing_bps = static_cast<std::uint32_t>(1 + below(80));
  if (one_in(40)) special.trailing_ticks = any<std::int64_t>({0, -1, 2'500, INT64_MAX, INT64_MIN});
}

// An order that follows the best prices, up to a limit near by.
void CommandStream::make_pegged(PlaceOrder& order, SpecialTerms& special, bool cross) {
  special = {.tag = special.tag, .validate_only = one_in(8)};
  order.special = &special;
  order.type = OrderType::kPegged;
  order.quote_budget = 0;
  order.quantity = 10 * (1 + below(40));
  order.price = cross ? 10 * (300 + below(12)) : 5 * (2'000 + below(12));
  order.time_in_force = one_in(30) ? TimeInForce::kIoc : TimeInForce::kGtc;
  order.post_only = order.time_in_force == TimeInForce::kGtc && one_in(2);
  special.post_only_reprice = order.post_only && one_in(2);
  special.peg_reference = static_cast<PegReference>(one_in(40) ? 0 : 1 + below(3));
  special.peg_offset_ticks = below(7) - 3;
  if (one_in(40)) special.peg_offset_ticks = any<std::int64_t>({INT64_MAX, INT64_MIN, -5'000});
}

// An order that says when it expires: soon, mostly.
void CommandStream::make_expiring(PlaceOrder& order, SpecialTerms& special) {
  order.special = &special;
  special.expire_time_ns = some_expiry();
  if (!one_in(30)) order.time_in_force = any({TimeInForce::kDay, TimeInForce::kGtd});
}

std::int64_t CommandStream::some_expiry() {
  if (one_in(20)) {
    return any<std::int64_t>({0, -1, INT64_MAX, INT64_MIN, time_ns_ + kSecond, time_ns_ + kSecond + 1,
                              time_ns_ + 90 * kDay, time_ns_ + 90 * kDay + 1});
  }
  return time_ns_ + kSecond + kSecond * (1 + below(one_in(4) ? 3'600 : 40));
}

void CommandStream::spoil(PlaceOrder& order) {
  switch (below(13)) {
    case 0: order.price += 1; break;
    case 1: order.quantity += 1; break;
    case 2: order.quantity = any<std::int64_t>({0, -10, 10'000'000, INT64_MAX, INT64_MIN}); break;
    case 3: order.price = any<std::int64_t>({0, -5, INT64_MAX, INT64_MIN, 1'000'000'000'000'000'000}); break;
    case 4: order.quote_budget = any<std::int64_t>({5, -5, INT64_MAX, INT64_MIN}); break;
    case 5: order.instrument_id = any<std::uint32_t>({0, kHalted, 12'345}); break;
    case 6: order.valid_until_ns = any<std::int64_t>({0, -1, INT64_MAX, INT64_MIN, time_ns_ - 1}); break;
    case 7: order.post_only = !order.post_only; break;
    case 8: order.time_in_force = any({TimeInForce::kGtc, TimeInForce::kIoc, TimeInForce::kFok}); break;
    case 9: order.type = any({OrderType::kLimit, OrderType::kMarket}); break;
    case 10: order.price = 5 * (1 + below(100'000)); break;
    case 11: order.price = 5'000 * (1 + below(1'000'000'000)); break;
    default: order.quantity = 10 * (1 + below(1'000)); break;
  }
}

void CommandStream::saw_order(const OrderView& order) {
  saw_order(order.order_id);
  if (!is_active(order.status)) return;
  open_.push_back({order.order_id, order.account_id});
  if (open_.size() > kOpenSeen) open_.erase(open_.begin());
}

CommandStream::Target CommandStream::some_order(std::int64_t back) {
  if (open_.empty() || one_in(4)) {
    return {last_order_ - std::min(static_cast<std::uint64_t>(below(back)), last_order_), account()};
  }
  return open_[static_cast<std::size_t>(below(std::ssize(open_)))];
}

std::string CommandStream::cancel() {
  std::string target = one_in(3) ? client_id() : std::string();
  std::string request = one_in(3) ? client_id() : std::string();
  if (step_ % 5 == 0) {  // an older order, asked for under its own id
    target = "id-" + std::to_string(ids_ - std::min<std::uint64_t>(ids_, step_ % 61));
    request = target;
  }
  const Target order = some_order(one_in(10) ? 5'000 : 40);
  return encode(CancelOrder{.account_id = order.account_id,
                            .order_id = order.order_id,
                            .client_order_id = target,
                            .request_id = request,
                            .valid_until_ns = time_ns_ + (one_in(50) ? -1 : kMinute),
                            .fingerprint = random_()});
}

std::string CommandStream::cancel_many() {
  const bool timer = one_in(5);
  const std::string request = one_in(2) ? client_id() : std::string();
  if (timer) return encode(CancelAllAfter{account(), any({0, 1, 5, 5, 8, 20, 300, 301, -1}) * kSecond});
  return encode(MassCancel{.account_id = account(),
                           .request_id = request,
                           .valid_until_ns = time_ns_ + (one_in(50) ? -1 : kMinute),
                           .fingerprint = random_(),
                           .session_id = static_cast<std::uint64_t>(below(2)),
                           .instrument_id = one_in(10) ? 12'345 : any({kBtcKk99, kEthBtc}),
                           .tag = static_cast<std::uint32_t>(below(2)),
                           .side = any({Side{}, Side::kBuy, Side::kSell}),
                           .has_instrument = one_in(3),
                           .has_session = one_in(8),
                           .has_tag = one_in(8)});
}

std::string CommandStream::amend() {
  const std::string target = one_in(10) ? client_id() : std::string();
  const std::string request = one_in(3) ? client_id() : std::string();
  const bool cross = one_in(4);
  const Target order = some_order(40);
  AmendOrder amend{.account_id = order.account_id,
                   .order_id = order.order_id,
                   .client_order_id = target,
                   .request_id = request,
                   .quantity = 10 * below(45),
                   .price = cross ? 10 * (300 + below(12)) : 5 * (2'000 + below(12)),
                   .valid_until_ns = time_ns_ + (one_in(50) ? -1 : kMinute),
                   .fingerprint = random_(),
                   .expected_version = one_in(6) ? static_cast<std::uint32_t>(1 + below(3)) : 0U,
                   .size = any({AmendSize::kUnchanged, AmendSize::kTotal, AmendSize::kOpen}),
                   .has_price = one_in(2),
                   .requeue = one_in(3)};
  if (one_in(20)) amend.price = any<std::int64_t>({0, -5, 3, INT64_MAX, INT64_MIN});
  if (one_in(20)) amend.quantity = any<std::int64_t>({-1, 3, INT64_MAX, INT64_MIN, std::int64_t{1} << 61});
  if (amend.size == AmendSize::kUnchanged) amend.quantity = 0;
  if (one_in(6)) {
    amend.has_trigger_price = true;
    amend.requeue = amend.requeue && one_in(4);
    amend.trigger_price = cross ? 10 * (300 + below(12)) : 5 * (2'000 + below(12));
    if (one_in(20)) amend.trigger_price = any<std::int64_t>({0, 3, -5, INT64_MAX, INT64_MIN});
  }
  amend.has_display_quantity = one_in(8);
  if (amend.has_display_quantity) amend.display_quantity = 10 * (1 + below(20));
  if (one_in(90)) amend.display_quantity = any<std::int64_t>({0, -10, 3, INT64_MAX, INT64_MIN});
  if (one_in(10)) amend.instrument_id = static_cast<std::uint32_t>(1 + below(3));
  amend.has_expire_time = one_in(6);
  if (amend.has_expire_time) amend.expire_time_ns = some_expiry();
  return encode(amend);
}

std::string CommandStream::transfer() {
  const bool gap = one_in(20);
  Transfer transfer{.direction = one_in(4) ? TransferDirection::kOut : TransferDirection::kIn,
                    .transfer_seq = gap ? static_cast<std::uint64_t>(below(50)) : transfer_seq_ + 1,
                    .account_id = one_in(50) ? 99 : static_cast<std::uint64_t>(below(kAccounts + 1)),
                    .asset_id = one_in(50) ? 44 : any<std::uint32_t>({kKk99, kBtc, kEth, kAcme}),
                    .amount = 1 + below(60'000'000)};
  if (one_in(40)) transfer.amount = any<std::int64_t>({0, -1, INT64_MAX, INT64_MIN, std::int64_t{1} << 61});
  if (transfer.amount == std::int64_t{1} << 61 && transfer.direction == TransferDirection::kIn) transfer.asset_id = 44;
  if (!gap && transfer.account_id != 99) ++transfer_seq_;
  return encode(transfer);
}

std::string CommandStream::administer() {
  InstrumentDefinition listing = any({btc_kk99(), eth_btc(), halted()});
  switch (below(6)) {
    case 0: return encode(Tick{});
    case 1: return encode(OpenAccount{static_cast<std::uint64_t>(below(8)), 0, 1'000, 500});
    case 2: return encode(OpenAccount{7, 0, 100'001, 0});
    case 3: return encode(listing);
    case 4: listing.tick += 1; return encode(listing);
    default: listing.instrument_id += 100; return encode(listing);
  }
}

}  // namespace exchange::engine::testing
