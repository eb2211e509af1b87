// What operators set in the naive engine: accounts and fee schedules.
#include <algorithm>

#include "engine.hpp"

namespace exchange::engine::reference {

Result Engine::on(const SetAccount& command) {
  const AccountSettings& s = *command.settings;
  if (!is_trader(s.account_id)) return {now_.engine_seq, Reason::kUnknownAccount};
  Account& account = accounts_.at(s.account_id);
  AccountView wanted = account.set;
  if (s.has_account_class) wanted.account_class = static_cast<std::uint8_t>(s.account_class);
  if (s.kind != AccountKind::kUnchanged) wanted.kind = s.kind;
  if (s.trading_state != TradingState::kUnchanged) wanted.trading_state = s.trading_state;
  if (s.has_limits) wanted.limits = s.limits;
  if (s.has_fee_tier) wanted.fee_tier = static_cast<std::uint8_t>(s.fee_tier);
  if (s.has_self_trade_group) wanted.self_trade_group = s.self_trade_group_id == 0 ? s.account_id : s.self_trade_group_id;
  if (s.has_taker_fee) wanted.taker_fee_ppm = s.taker_fee_ppm;
  if (s.has_maker_fee) wanted.maker_fee_ppm = s.maker_fee_ppm;

  bool invalid = s.account_class > 255 || s.fee_tier > 255 || s.taker_fee_ppm > 100'000 || s.maker_fee_ppm > 100'000;
  invalid = invalid || s.limits.max_order_lots < 0 || s.limits.max_order_notional < 0 || s.limits.max_position_lots < 0;
  invalid = invalid || s.limits.max_open_orders > limits_.open_orders_per_account;
  invalid = invalid || (s.cancel_orders && wanted.trading_state != TradingState::kHalted);
  if (invalid) return {now_.engine_seq, Reason::kInvalidField};
  const auto collateral = account.balances.find(settlement_asset());
  bool exposed = account.open_orders > 0 || (collateral != account.balances.end() && collateral->second.available < 0);
  exposed = exposed || is_being_busted(s.account_id);
  for (const auto& [id, position] : account.positions) exposed = exposed || position.quantity != 0;
  if (account.set.kind == AccountKind::kMargin && wanted.kind == AccountKind::kCash && exposed) {
    return {now_.engine_seq, Reason::kAccountKindNotAllowed};
  }
  if (wanted != account.set) {
    account.set = wanted;
    wanted.account_seq = next_private_event(s.account_id);
    events_->account_updated(wanted);
  }
  suspect(s.account_id);
  if (s.cancel_orders) {
    MassCancelLeft kill{.account_id = s.account_id,
                        .wanted = {},
                        .cause = MassCancelCause::kKillSwitch,
                        .newest_order_id = shard_bits_ + orders_entered_,
                        .asked_seq = now_.engine_seq};
    std::uint32_t left = limits_.cancels_per_command;
    if (!go_on(kill, left)) mass_cancels_.push_back(kill);
  }
  return {now_.engine_seq};
}

Result Engine::on(const SetFeeSchedule& command) {
  bool invalid = command.fee_schedule_id == 0;
  std::map<std::uint32_t, FeeTier> tiers;
  for (const FeeTier& tier : command.tiers) {
    invalid = invalid || tier.fee_tier > 255 || std::abs(std::int64_t{tier.taker_fee_ppm}) > 100'000 ||
              std::abs(std::int64_t{tier.maker_fee_ppm}) > 100'000;
    tiers[tier.fee_tier] = tier;
  }
  if (invalid) return {now_.engine_seq, Reason::kInvalidField};
  bool contradicts = tiers.size() != command.tiers.size() || !tiers.contains(0);
  for (const auto& [number, taker] : tiers) {
    for (const auto& [other, maker] : tiers) {
      contradicts = contradicts || taker.taker_fee_ppm + maker.maker_fee_ppm < 0;
    }
  }
  contradicts = contradicts || are_ruinous(command.fee_schedule_id, tiers);
  if (contradicts) return {now_.engine_seq, Reason::kFeeScheduleInvalid};
  if (schedules_[command.fee_schedule_id] == tiers) return {now_.engine_seq};
  schedules_[command.fee_schedule_id] = tiers;
  std::vector<FeeTier> in_order;
  for (const auto& [number, tier] : tiers) in_order.push_back(tier);
  events_->fee_schedule_changed({command.fee_schedule_id, in_order});
  return {now_.engine_seq};
}

Result Engine::on(const ActivateRules& command) {
  return {now_.engine_seq, command.version == 1 ? Reason::kNone : Reason::kRulesVersionUnknown};
}

// What an order pays that is accepted now: by the instrument's schedule if it has one.
FeeTier Engine::fees_of(std::uint64_t account_id, std::uint32_t instrument_id) const {
  const AccountView& account = accounts_.at(account_id).set;
  const auto instrument = instruments_.find(instrument_id);
  const std::uint32_t schedule =
      instrument == instruments_.end() ? 0 : instrument->second.definition.terms.fee_schedule_id;
  if (schedule == 0) {
    return {0, static_cast<std::int32_t>(account.taker_fee_ppm), static_cast<std::int32_t>(account.maker_fee_ppm)};
  }
  const auto& tiers = schedules_.at(schedule);
  const auto own = tiers.find(account.fee_tier);
  return own == tiers.end() ? tiers.at(0) : own->second;
}

Reason Engine::check_size(const Account& account, const Instrument& instrument, std::int64_t quantity,
                          std::int64_t value) const {
  const AccountLimits& limits = account.set.limits;
  if (limits.max_order_lots != 0 && Wide{quantity} > Wide{limits.max_order_lots} * instrument.definition.lot) {
    return Reason::kOrderSizeLimit;
  }
  return limits.max_order_notional != 0 && value > limits.max_order_notional ? Reason::kOrderSizeLimit : Reason::kNone;
}

}  // namespace exchange::engine::reference
