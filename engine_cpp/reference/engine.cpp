// Commands, ids, transfers and listings of the naive engine.
#include "engine.hpp"

#include <algorithm>
#include <iterator>

namespace exchange::engine::reference {
namespace {

constexpr std::int64_t kLargest = std::int64_t{1} << 61;
constexpr std::size_t kTransfersRemembered = 4'096;
constexpr int kIdsForgottenPerCommand = 2;

Wide ten_to(std::uint32_t exponent) { return exponent == 0 ? 1 : 10 * ten_to(exponent - 1); }

bool matches(const std::string_view text, std::string_view others) {
  return std::ranges::all_of(text, [&](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || others.find(c) != std::string_view::npos;
  });
}

bool valid(const AssetDefinition& asset) {
  return asset.asset_id != 0 && !asset.symbol.empty() && asset.symbol.size() <= 12 && matches(asset.symbol, "") &&
         asset.scale <= 18;
}

bool valid_symbol(std::string_view symbol) {
  return symbol.size() >= 2 && symbol.size() <= 32 && matches(symbol, ".-") && matches(symbol.substr(0, 1), "") &&
         matches(symbol.substr(symbol.size() - 1), "");
}

bool valid(const InstrumentDefinition& d) {
  if (d.instrument_id == 0 || !valid_symbol(d.symbol) || !valid(d.base) || !valid(d.quote)) return false;
  if (d.base.asset_id == d.quote.asset_id || d.base.symbol == d.quote.symbol) return false;
  if (d.price_scale > 9 || d.quantity_scale > 9 || d.quantity_scale > d.base.scale) return false;
  if (d.tick <= 0 || d.tick > 1'000'000'000'000'000'000 || d.lot <= 0) return false;
  if (d.min_quantity <= 0 || d.min_quantity > d.max_quantity) return false;
  if (d.max_quantity > std::int64_t{1} << 42) return false;
  if (d.min_notional <= 0 || d.min_notional > d.max_notional || d.max_notional > kLargest) return false;
  if (d.terms.static_band_bps > 10'000 || d.terms.dynamic_band_bps > 10'000) return false;
  if (d.market_protection_bps == 0 || d.market_protection_bps > 10'000) return false;
  if (Wide{d.max_quantity} * ten_to(d.base.scale - d.quantity_scale) > kLargest) return false;
  if (d.quote.symbol == "KK99" && d.min_notional < ten_to(d.quote.scale)) return false;
  const InstrumentTerms& t = d.terms;
  if (t.delayed_settlement && t.kind != InstrumentKind::kSecurity) return false;
  const bool on_margin = t.kind != InstrumentKind::kSpot && t.kind != InstrumentKind::kSecurity;
  if (on_margin) {
    const bool option = t.kind == InstrumentKind::kOption;
    if (option != (t.underlying_id != 0) || option != (t.right != OptionRight::kNone)) return false;
    if (option != (t.exercise_style != ExerciseStyle::kNone) || (!option && t.strike_price != 0)) return false;
    if (t.strike_price > 1'000'000'000'000'000'000 || t.strike_price < -1'000'000'000'000'000'000) return false;
    if (t.multiplier < 1 || t.multiplier > 1'000'000'000 || t.max_position < 0 || t.expiry_time_ns < 0) return false;
    if (d.max_notional > std::int64_t{1} << 50) return false;
  }
  const std::uint32_t scale = d.price_scale + d.quantity_scale;
  if (scale <= d.quote.scale) return t.multiplier * ten_to(d.quote.scale - scale) <= kLargest;
  return Wide{d.tick} * d.lot * t.multiplier % ten_to(scale - d.quote.scale) == 0;
}

}  // namespace

Engine::Engine(const Limits& limits, std::uint8_t shard)
    : limits_(limits), shard_bits_(std::uint64_t{shard} << 56) {
  accounts_[0];
  accounts_[kInsuranceAccount].set.account_id = kInsuranceAccount;
}

void Engine::apply(const Command& command, Stamp stamp, ByteBuffer& result, ByteBuffer& events) {
  now_ = stamp;
  fills_.clear();
  changes_.clear();
  EventWriter writer(events, stamp);
  events_ = &writer;
  forget_old_ids();
  if (std::holds_alternative<LeaderChange>(command.body)) lead_anew();  // before anything runs out
  run_what_is_due();
  bust_cancels_left_ = limits_.cancels_per_command;
  go_on_busting();
  sweeps_left_ = limits_.positions_per_command;
  go_on_sweeping();
  steps_left_ = 1'000;
  run_groups(steps_left_);
  run_triggered(steps_left_);
  if (pegs_left_) static_cast<void>(move_pegs(steps_left_));
  fills_.clear();
  Result answer = std::visit([&](const auto& body) { return on(body); }, command.body);
  for (std::size_t i = 0; i < answer.orders.size(); ++i) {
    OrderResultView& one = answer.orders[i];
    if (one.order.order_id == 0) continue;
    const Order& order = orders_.at(one.order.order_id);
    one.special = order.special ? &*order.special : nullptr;
    if (!answer.replayed) one.fills = answer.order_fills[i];
  }
  if (!answer.orders.empty()) fills_.clear();  // each order has its own
  const Order* shown = answer.order ? &orders_.at(answer.order->order_id) : nullptr;
  write_result(result, {.engine_seq = answer.engine_seq,
                        .reason = answer.reason,
                        .replayed = answer.replayed,
                        .order = answer.order ? &*answer.order : nullptr,
                        .fills = fills_,
                        .special = shown != nullptr && shown->special ? &*shown->special : nullptr,
                        .cancelled_count = answer.cancelled,
                        .all_reasons = answer.all_reasons,
                        .orders = answer.orders,
                        .cost = answer.cost ? &*answer.cost : nullptr});
  run_followers(steps_left_);
  liquidate(steps_left_);
  tell_trails();
  for (const BookChangeView& change : changes_) writer.book_changed(change);
  tell_auctions();
}

Result Engine::on(const Tick& /*command*/) { return {now_.engine_seq}; }

Result Engine::on(const OpenAccount& command) {
  if (command.account_id == 0 || command.account_id >= kVenueAccounts || command.taker_fee_ppm > 100'000 || command.maker_fee_ppm > 100'000) {
    return {now_.engine_seq, Reason::kInvalidField};
  }
  OpenAccount opened = command;
  if (opened.self_trade_group_id == 0) opened.self_trade_group_id = opened.account_id;
  if (const auto known = accounts_.find(command.account_id); known != accounts_.end()) {
    const OpenAccount& k = known->second.opened;
    const bool same = k.self_trade_group_id == opened.self_trade_group_id && k.taker_fee_ppm == opened.taker_fee_ppm &&
                      k.maker_fee_ppm == opened.maker_fee_ppm;
    if (same) return {known->second.opened_seq, Reason::kNone, true};
    return {now_.engine_seq, Reason::kAccountConflict};
  }
  accounts_[command.account_id].opened = opened;
  accounts_[command.account_id].opened_seq = now_.engine_seq;
  accounts_[command.account_id].set = {.account_id = opened.account_id,
                                       .self_trade_group = opened.self_trade_group_id,
                                       .limits = {},
                                       .taker_fee_ppm = opened.taker_fee_ppm,
                                       .maker_fee_ppm = opened.maker_fee_ppm};
  events_->account_opened(opened);
  return {now_.engine_seq};
}

Reason Engine::check_listing(const InstrumentDefinition& d) const {
  if (on_margin(d)) {
    const bool known = d.terms.settlement_method == SettlementMethod::kCash;
    return !known ? Reason::kNotSupported : valid(d) ? Reason::kNone : Reason::kInstrumentInvalid;
  }
  InstrumentTerms unknown = d.terms;
  unknown.delayed_settlement = false;
  unknown.static_band_bps = 0;
  unknown.dynamic_band_bps = 0;
  unknown.fee_schedule_id = 0;
  if (unknown.kind == InstrumentKind::kSecurity) unknown.kind = InstrumentKind::kSpot;
  if (unknown != InstrumentTerms{}) return Reason::kNotSupported;
  return valid(d) ? Reason::kNone : Reason::kInstrumentInvalid;
}

Result Engine::on(const CreateInstrument& command) {
  const InstrumentDefinition& d = *command.instrument;
  if (const Reason reason = check_listing(d); reason != Reason::kNone) return {now_.engine_seq, reason};
  if (const auto known = instruments_.find(d.instrument_id); known != instruments_.end()) {
    if (known->second.definition == d) return {known->second.listed_seq, Reason::kNone, true};
    return {now_.engine_seq, Reason::kInstrumentConflict};
  }
  bool conflict = std::ranges::any_of(instruments_, [&](const auto& i) { return i.second.symbol == d.symbol; });
  for (const AssetDefinition& asset : {d.base, d.quote}) {
    for (const auto& [id, known] : assets_) {
      const bool same = id == asset.asset_id && known.symbol == asset.symbol && known.scale == asset.scale;
      conflict = conflict || (!same && (id == asset.asset_id || known.symbol == asset.symbol));
    }
  }
  if (conflict) return {now_.engine_seq, Reason::kInstrumentConflict};
  if (on_margin(d) && !fits_on_margin(d)) return {now_.engine_seq, Reason::kInstrumentInvalid};
  if (d.phase == TradingPhase::kAuction) return {now_.engine_seq, Reason::kInstrumentInvalid};  // which one?
  if ((d.terms.fee_schedule_id != 0 || on_margin(d)) && !schedules_.contains(d.terms.fee_schedule_id)) {
    return {now_.engine_seq, Reason::kUnknownFeeSchedule};
  }
  for (const AssetDefinition& asset : {d.base, d.quote}) {
    assets_[asset.asset_id] = {std::string(asset.symbol), asset.scale};
  }
  Instrument& i = instruments_[d.instrument_id];
  i.listed_seq = now_.engine_seq;
  define(i, d);
  if (d.phase == TradingPhase::kPreOpen) i.collected_for = AuctionKind::kOpening;
  if (on_margin(d)) open_clearing(d.instrument_id);
  events_->instrument_updated(d);
  return {now_.engine_seq};
}

Result Engine::on(const Transfer& command) {
  const auto account = accounts_.find(command.account_id);
  const std::size_t last = transfers_.size();
  const std::uint64_t seq = command.transfer_seq;
  if (seq >= 1 && seq <= last && last - seq < kTransfersRemembered) {
    const AnsweredTransfer& first = transfers_[seq - 1];
    const bool same = first.transfer.account_id == command.account_id && first.transfer.asset_id == command.asset_id &&
                      first.transfer.amount == command.amount && first.transfer.direction == command.direction;
    if (same) return {first.engine_seq, first.reason, true};
    return {now_.engine_seq, Reason::kRequestIdReused};
  }
  if (seq != last + 1) return {now_.engine_seq, Reason::kTransferSequenceGap};
  const bool in = command.direction == TransferDirection::kIn;
  Reason reason = Reason::kNone;
  if (account == accounts_.end() || command.account_id > kInsuranceAccount) {
    reason = Reason::kUnknownAccount;
  } else if (!assets_.contains(command.asset_id)) {
    reason = Reason::kUnknownAsset;
  } else if (command.amount <= 0 || command.amount > kLargest) {
    reason = Reason::kAmountOutOfRange;
  } else if (in && Wide{supply_[command.asset_id]} + command.amount > kLargest) {
    reason = Reason::kAmountOutOfRange;
  } else if (!in && transferable(command.account_id, command.asset_id) < command.amount) {
    reason = Reason::kTransferInsufficient;
  } else if (!in && Wide{supply_[command.asset_id]} - command.amount < -kLargest) {
    reason = Reason::kAmountOutOfRange;
  }
  transfers_.push_back({command, now_.engine_seq, reason});
  events_->transfer_updated(command, reason);
  if (reason == Reason::kNone) {
    const std::int64_t amount = in ? command.amount : -command.amount;
    supply_[command.asset_id] += amount;
    account->second.balances[command.asset_id].available += amount;
    suspect(command.account_id);
    tell(command.account_id, command.asset_id,
         in ? BalanceChangeKind::kTransferIn : BalanceChangeKind::kTransferOut, amount);
  }
  return {now_.engine_seq, reason};
}

void Engine::forget_old_ids() {
  for (int i = 0; i < kIdsForgottenPerCommand && !window_.empty(); ++i) {
    const auto oldest = window_.begin();
    if (now_.time_ns - oldest->since_ns <= limits_.id_window_ns) return;
    if (oldest->kind == CommandKind::kPlaceOrder && orders_.at(oldest->order_id).is_open()) {
      oldest->pinned = true;
      pinned_.splice(pinned_.end(), window_, oldest);
    } else {
      forget(oldest);
    }
  }
}

void Engine::forget(IdList::iterator id) {
  if (id->order_id != 0 && --orders_.at(id->order_id).references == 0) orders_.erase(id->order_id);
  --accounts_.at(id->account_id).ids;
  ids_.erase({id->account_id, id->id});
  (id->pinned ? pinned_ : window_).erase(id);
}

void Engine::remember(const RememberedId& id) {
  if (id.order_id != 0) ++orders_.at(id.order_id).references;
  if (const auto outdated = ids_.find({id.account_id, id.id}); outdated != ids_.end()) forget(outdated->second);
  window_.push_back(id);
  if (id.order_id != 0) window_.back().answered = orders_.at(id.order_id).view;
  ids_[{id.account_id, id.id}] = std::prev(window_.end());
  ++accounts_.at(id.account_id).ids;
}

void Engine::order_ended(const Order& order) {
  const auto found = ids_.find({order.view.account_id, std::string(order.view.client_order_id.view())});
  if (found == ids_.end() || found->second->order_id != order.view.order_id || !found->second->pinned) return;
  found->second->pinned = false;
  found->second->since_ns = now_.time_ns;
  window_.splice(window_.end(), pinned_, found->second);
}

std::optional<Result> Engine::repeated(std::uint64_t account_id, const std::string& id, std::uint64_t fingerprint,
                                       CommandKind kind) const {
  const auto found = ids_.find({account_id, id});
  if (found != ids_.end()) {
    const RememberedId& first = *found->second;
    const bool open = first.kind == CommandKind::kPlaceOrder && orders_.at(first.order_id).is_open();
    if (open || now_.time_ns - first.used_ns <= limits_.id_window_ns) {
      if (first.kind != kind || first.fingerprint != fingerprint) {
        return Result{now_.engine_seq, Reason::kClientOrderIdReused};
      }
      Result result{first.engine_seq, first.reason, true};
      result.cancelled = first.cancelled;
      if (first.order_id != 0) result.order = first.answered;
      return result;
    }
  }
  if (accounts_.at(account_id).ids >= limits_.ids_per_account) {
    return Result{now_.engine_seq, Reason::kIdempotencyWindowFull};
  }
  return {};
}

}  // namespace exchange::engine::reference
