#include "accounts.hpp"

#include "checks.hpp"

namespace exchange::engine {
namespace {

Answer repeat(std::uint64_t first_seq, Reason reason) noexcept { return {first_seq, reason, true}; }

}  // namespace

Answer Accounts::open(const OpenAccount& command, Step& step) {
  if (is_venue(command.account_id) || command.taker_fee_ppm > kMaxFeePpm || command.maker_fee_ppm > kMaxFeePpm) {
    return refuse(Reason::kInvalidField, step);
  }
  OpenAccount effective = command;
  if (effective.self_trade_group_id == 0) effective.self_trade_group_id = command.account_id;
  if (const Slot known = balances_.find(command.account_id); known != kNil) {
    const OpenAccount& opened = balances_.opened(known);
    const bool same = opened.self_trade_group_id == effective.self_trade_group_id &&
                      opened.taker_fee_ppm == command.taker_fee_ppm && opened.maker_fee_ppm == command.maker_fee_ppm;
    return same ? repeat(balances_.account(known).opened_seq, Reason::kNone) : refuse(Reason::kAccountConflict, step);
  }
  if (!balances_.has_account_room()) return refuse(Reason::kEngineFull, step);
  balances_.open(command, step.stamp.engine_seq);
  step.events.account_opened(effective);
  return refuse(Reason::kNone, step);
}

Answer Accounts::transfer(const Transfer& command, Step& step) {
  const Slot account = balances_.find(command.account_id);
  if (transfers_.remembers(command.transfer_seq)) {
    const TransferAnswer& first = transfers_.answer(command.transfer_seq);
    const bool same = first.account_id == command.account_id && first.asset_id == command.asset_id &&
                      first.amount == command.amount && first.direction == command.direction;
    return same ? repeat(first.engine_seq, first.reason) : refuse(Reason::kRequestIdReused, step);
  }
  if (command.transfer_seq != transfers_.last() + 1) return refuse(Reason::kTransferSequenceGap, step);
  if (balances_.room() == 0) return refuse(Reason::kEngineFull, step);
  const Slot asset = instruments_.find_asset(command.asset_id);
  const Reason reason = apply_transfer(command, account, asset);
  transfers_.remember({step.stamp.engine_seq, command.account_id, command.amount, command.asset_id, reason,
                       command.direction});
  step.events.transfer_updated(command, reason);
  if (reason == Reason::kNone) book_transfer(command, account, asset, step);
  return refuse(reason, step);
}

Reason Accounts::apply_transfer(const Transfer& command, Slot account, Slot asset) const {
  const bool clears = command.account_id > kInsuranceAccount;
  if (account == kNil || clears) return Reason::kUnknownAccount;
  if (asset == kNil) return Reason::kUnknownAsset;
  if (command.amount <= 0 || command.amount > kMaxAmount) return Reason::kAmountOutOfRange;
  const bool out = command.direction == TransferDirection::kOut;
  if (out && command.amount > transferable(account, asset)) return Reason::kTransferInsufficient;
  const std::int64_t supply = balances_.supply(asset);
  return command.amount > kMaxAmount - (out ? -supply : supply) ? Reason::kAmountOutOfRange : Reason::kNone;
}

void Accounts::book_transfer(const Transfer& command, Slot account, Slot asset, Step& step) {
  const bool in = command.direction == TransferDirection::kIn;
  const std::int64_t amount = in ? command.amount : -command.amount;
  AccountBalance& balance = balances_[balances_.obtain(account, asset, command.asset_id)];
  balance.available += amount;
  balances_.add_supply(asset, amount);
  suspect(account);
  tell(balance, in ? BalanceChangeKind::kTransferIn : BalanceChangeKind::kTransferOut, amount, step);
}

void Accounts::expect_new(const PlaceOrder& command) const noexcept {
  const Slot account = balances_.find(command.account_id);
  if (account != kNil) ids_.prefetch(account, command.client_order_id);
}

Timer Accounts::next_timer() const noexcept {
  Timer next{expire_times_.next_ns(), TimerKind::kExpireTime};
  if (const std::int64_t age_ns = next_age_limit_ns(); age_ns < next.due_ns) next = {age_ns, TimerKind::kOrderAge};
  const std::int64_t cancel_ns = mass_cancels_.timers().next_ns();
  if (cancel_ns < next.due_ns) next = {cancel_ns, TimerKind::kCancelAllAfter};
  const std::int64_t session_ns = sessions_.next_ns();
  return session_ns < next.due_ns ? Timer{session_ns, TimerKind::kSession} : next;
}

Admission Accounts::admit(const PlaceOrder& command, Step& step) {
  if (const Reason reason = check_shape(command); reason != Reason::kNone) return {refuse(reason, step), kNil, {}};
  const Slot account = find_trader(command.account_id);
  if (account == kNil) return {refuse(Reason::kUnknownAccount, step), kNil, {}};
  if (auto answer = check_id(account, command.client_order_id, command.fingerprint, CommandKind::kPlaceOrder, step)) {
    return {answer, account, {}};
  }
  if (const Reason reason = check_time(command.valid_until_ns, step); reason != Reason::kNone) {
    return {refuse(reason, step), account, {}};
  }
  if (!has_room(command)) return {refuse(Reason::kEngineFull, step), account, {}};
  const Slot instrument = instruments_.find(command.instrument_id);
  const Reason reason = check_terms(command, account, instrument, step);
  if (reason != Reason::kNone) return {reject(command, account, instrument, reason, step), account, {}};
  return {{}, account, {instrument, command.side, may_rest(command), command.type == OrderType::kMarket}};
}

Reason Accounts::check_terms(const PlaceOrder& command, Slot account, Slot instrument,
                             const Step& step) const noexcept {
  if (instrument == kNil) return Reason::kUnknownInstrument;
  if (lacks_value_date(instrument)) [[unlikely]] return Reason::kPhaseNotAllowed;
  Reason reason = check_grid(instruments_[instrument], command);
  if (reason == Reason::kNone && command.special != nullptr) {
    reason = check_expire_time(command.time_in_force, command.special->expire_time_ns, step.stamp.time_ns);
  }
  return reason != Reason::kNone ? reason : check_session(account, command.session_id);
}

Reservation Accounts::reserve(const PlaceOrder& command, const Admission& admission, const Quote& quote, Step& step) {
  if (!quote.has_room) return {refuse(Reason::kEngineFull, step), {}};
  const Slot instrument = admission.inquiry.instrument;
  const Instrument& terms = instruments_[instrument];
  const Pricing pricing = price_of(command, terms, quote);
  const Reason reason = pricing.reason != Reason::kNone ? pricing.reason
                                                        : check_price_and_funds(command, admission, pricing.worst);
  if (reason != Reason::kNone) return {reject(command, admission.account, instrument, reason, step), {}};
  if (terms.on_margin) [[unlikely]] {
    if (positions_.room() == 0) return {refuse(Reason::kEngineFull, step), {}};
    // Only what enters makes a position.
    const Reason kept = check_post_only(command, instrument, quote);
    if (kept != Reason::kNone) return {reject(command, admission.account, instrument, kept, step), {}};
    if (is_reduce_only(command)) {
      return take(clamped(command, admission.account, instrument), admission, quote, pricing, step);
    }
  }
  if (terms.delayed && !unsettled_.has_room_for(admission.account, instrument)) [[unlikely]] {
    return {refuse(Reason::kEngineFull, step), {}};
  }
  return take(command, admission, quote, pricing, step);
}

Reservation Accounts::take(const PlaceOrder& command, const Admission& admission, const Quote& quote,
                           const Pricing& pricing, const Step& step) noexcept {
  const Slot order = enter(command, admission.account, admission.inquiry.instrument, step);
  Reservation taken{{}, hold(command, order, pricing.worst)};
  taken.place.limit = pricing.limit;
  if (command.special != nullptr) [[unlikely]] work_special_terms(orders_[order], quote, taken.place);
  return taken;
}

Answer Accounts::conclude(const PlaceOrder& command, Slot slot, Step& step) {
  const OrderRecord& order = orders_[slot];
  return remember({.fingerprint = command.fingerprint,
                   .engine_seq = step.stamp.engine_seq,
                   .used_ns = step.stamp.time_ns,
                   .since_ns = step.stamp.time_ns,
                   .account = order.account,
                   .order = slot,
                   .reason = order.view.reject_reason,
                   .kind = CommandKind::kPlaceOrder},
                  order.view.client_order_id.view());
}

Cancellation Accounts::find_to_cancel(const CancelOrder& command, Step& step) {
  const Request request = request_of(command, CommandKind::kCancelOrder);
  if (auto answer = check_request(request, step)) return {answer, {}};
  const Slot slot = find_target(request.account, command.order_id, command.client_order_id);
  if (const Reason reason = check_cancel(slot); reason != Reason::kNone) {
    return {conclude(command, slot, reason, step), {}};
  }
  return {{}, removal_of(slot, OrderStatus::kCancelled, EndReason::kRequested)};
}

// An answer shows only an order that has ended, so a repeated one can show the same.
Answer Accounts::conclude(const CancelOrder& command, Slot slot, Reason reason, Step& step) {
  const Slot order = slot != kNil && orders_[slot].is_resting() ? kNil : slot;
  if (command.request_id.empty()) return {step.stamp.engine_seq, reason, false, order};
  return remember_request(request_of(command, CommandKind::kCancelOrder), order, reason, step);
}

std::optional<Answer> Accounts::check_request(const Request& request, const Step& step) const noexcept {
  if (request.account == kNil) return refuse(Reason::kUnknownAccount, step);
  const bool remembered = !request.id.empty();
  if (remembered) {
    if (auto answer = check_id(request.account, request.id, request.fingerprint, request.kind, step)) return answer;
  }
  if (const Reason reason = check_time(request.valid_until_ns, step); reason != Reason::kNone) {
    return refuse(reason, step);
  }
  if (remembered && !ids_.has_room()) return refuse(Reason::kEngineFull, step);
  return {};
}

Answer Accounts::remember_request(const Request& request, Slot order, Reason reason, const Step& step,
                                  std::uint32_t cancelled) noexcept {
  return remember({.fingerprint = request.fingerprint,
                   .engine_seq = step.stamp.engine_seq,
                   .used_ns = step.stamp.time_ns,
                   .since_ns = step.stamp.time_ns,
                   .first_quantity = cancelled,
                   .account = request.account,
                   .order = order,
                   .reason = reason,
                   .kind = request.kind},
                  request.id);
}

Slot Accounts::find_target(Slot account, std::uint64_t order_id, std::string_view client_order_id) const noexcept {
  if (client_order_id.empty()) {
    const Slot order = orders_.find(order_id);
    return order != kNil && orders_[order].account == account ? order : kNil;
  }
  const Slot entry = ids_.find_kept(account, client_order_id);
  return entry != kNil && ids_[entry].kind == CommandKind::kPlaceOrder ? ids_[entry].order : kNil;
}

Reason Accounts::check_cancel(Slot order) const noexcept {
  if (order == kNil) return Reason::kOrderNotFound;
  if (!orders_[order].is_resting()) return Reason::kOrderNotOpen;
  return is_closed(orders_[order].instrument) ? Reason::kPhaseNotAllowed : Reason::kNone;
}

Slot Accounts::find_trader(std::uint64_t account_id) const noexcept {
  return is_venue(account_id) ? kNil : balances_.find(account_id);
}

std::optional<Answer> Accounts::check_id(Slot account, std::string_view id, std::uint64_t fingerprint,
                                         CommandKind kind, const Step& step) const noexcept {
  const Slot slot = ids_.find(account, id, step.stamp.time_ns);
  if (slot == kNil) {
    if (ids_.is_full(account)) return refuse(Reason::kIdempotencyWindowFull, step);
    return {};
  }
  const IdEntry& first = ids_[slot];
  const bool same = first.fingerprint == fingerprint && first.kind == kind;
  if (!same) return refuse(Reason::kClientOrderIdReused, step);
  return Answer{.engine_seq = first.engine_seq,
                .reason = first.reason,
                .replayed = true,
                .order = first.order,
                .first = first.order == kNil ? kNil : slot,
                .cancelled = ids_.cancelled(slot)};
}

Reason Accounts::check_time(std::int64_t valid_until_ns, const Step& step) const noexcept {
  if (step.stamp.time_ns > valid_until_ns) return Reason::kRequestExpired;
  const bool too_far = valid_until_ns - step.stamp.time_ns > id_window_ns_;
  return too_far ? Reason::kValidUntilTooFar : Reason::kNone;
}

// One order with its special terms, one id, and a balance in each of the two assets.
bool Accounts::has_room(const PlaceOrder& command, std::uint32_t beside) const noexcept {
  return orders_.room() > beside && ids_.has_room(beside + 1) && balances_.room() >= 2 * (beside + 1) &&
         (command.special == nullptr || orders_.specials().has_room(beside + 1));
}

Answer Accounts::remember(const IdEntry& entry, std::string_view id) noexcept {
  ids_.remember(entry, id);
  return {entry.engine_seq, entry.reason, false, entry.order};
}

Remove Accounts::expire_reached() const noexcept {
  const Slot order = orders_.find(expire_times_.next_number());
  const bool day = orders_[order].view.time_in_force == TimeInForce::kDay;
  return removal_of(order, OrderStatus::kExpired, day ? EndReason::kDayEnded : EndReason::kGtdReached);
}

Remove Accounts::expire_oldest() const noexcept {
  return removal_of(orders_.oldest_open(), OrderStatus::kExpired, EndReason::kTooOld);
}

Remove Accounts::removal_of(Slot slot, OrderStatus status, EndReason reason) const noexcept {
  const OrderRecord& order = orders_[slot];
  return {.owner = slot,
          .instrument = order.instrument,
          .book_slot = order.book_slot,
          .side = order.view.side,
          .status = status,
          .end_reason = reason,
          .waits = order.waits(),
          .is_untriggered = order.has_trigger(),
          .is_off_book = order.is_off_book()};
}

std::optional<Remove> Accounts::auction_remainder(Slot instrument, AuctionKind kind) const noexcept {
  for (Slot at = auction_orders_.first(instrument); at != kNil; at = auction_orders_.next(at)) {
    if (fits_auction(orders_[at].view.time_in_force, kind)) continue;
    return removal_of(at, OrderStatus::kExpired, EndReason::kAuctionRemainder);
  }
  return {};
}

std::int64_t Accounts::next_age_limit_ns() const noexcept {
  const Slot oldest = orders_.oldest_open();
  return oldest == kNil ? Deadlines::kNever : orders_[oldest].view.accepted_time_ns + kMaxOrderAgeNs;
}

}  // namespace exchange::engine
