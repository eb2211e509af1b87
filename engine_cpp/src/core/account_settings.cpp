// What operators set of an account: its class, kind, state, limits, fees and group; and what that keeps it from.
#include "accounts.hpp"

namespace exchange::engine {
namespace {

constexpr std::uint32_t kHighestClass = 255;
constexpr std::uint32_t kHighestTier = 255;

bool is_in_range(const AccountSettings& s) noexcept {
  return s.account_class <= kHighestClass && s.fee_tier <= kHighestTier && s.taker_fee_ppm <= kMaxFeePpm &&
         s.maker_fee_ppm <= kMaxFeePpm && s.limits.max_order_lots >= 0 && s.limits.max_order_notional >= 0 &&
         s.limits.max_position_lots >= 0;
}

}  // namespace

AccountChange Accounts::set(const AccountSettings& settings, Step& step) {
  const Slot slot = find_trader(settings.account_id);
  if (slot == kNil) return {.answer = refuse(Reason::kUnknownAccount, step)};
  const AccountView before = balances_.view(slot);
  AccountView after = before;
  if (settings.has_account_class) after.account_class = static_cast<std::uint8_t>(settings.account_class);
  if (settings.kind != AccountKind::kUnchanged) after.kind = settings.kind;
  if (settings.trading_state != TradingState::kUnchanged) after.trading_state = settings.trading_state;
  if (settings.has_limits) after.limits = settings.limits;
  if (settings.has_fee_tier) after.fee_tier = static_cast<std::uint8_t>(settings.fee_tier);
  if (settings.has_taker_fee) after.taker_fee_ppm = settings.taker_fee_ppm;
  if (settings.has_maker_fee) after.maker_fee_ppm = settings.maker_fee_ppm;
  if (settings.has_self_trade_group) {
    const std::uint64_t group = settings.self_trade_group_id;
    after.self_trade_group = group != 0 ? group : settings.account_id;
  }
  const bool kills_active = settings.cancel_orders && after.trading_state != TradingState::kHalted;
  if (!is_in_range(settings) || kills_active || settings.limits.max_open_orders > open_orders_per_account_) {
    return {.answer = refuse(Reason::kInvalidField, step)};
  }
  const bool pays_in_full_again = before.kind == AccountKind::kMargin && after.kind == AccountKind::kCash;
  const bool is_exposed = balances_.account(slot).open_orders > 0 || positions_.has_open(slot) ||
                          busts_.concern(settings.account_id) ||
                          balances_.available(slot, instruments_.settlement_asset()) < 0;
  if (pays_in_full_again && is_exposed) {
    return {.answer = refuse(Reason::kAccountKindNotAllowed, step)};
  }
  if (settings.cancel_orders && !mass_cancels_.has_room()) return {.answer = refuse(Reason::kEngineFull, step)};
  if (after != before) {
    balances_.change(slot, after);
    after.account_seq = balances_.next_event(slot);
    step.events.account_updated(after);
  }
  return {.answer = refuse(Reason::kNone, step),
          .account = slot,
          .self_trade_group = after.self_trade_group,
          .regrouped = after.self_trade_group != before.self_trade_group,
          .cancels = settings.cancel_orders};
}

Reason Accounts::check_size(Slot account, const Instrument& instrument, std::int64_t quantity,
                            std::int64_t notional) const noexcept {
  const AccountLimits& limits = balances_.limits(account);
  const bool too_many = limits.max_order_lots > 0 && quantity / instrument.lot > limits.max_order_lots;
  const bool too_much = limits.max_order_notional > 0 && notional > limits.max_order_notional;
  return too_many || too_much ? Reason::kOrderSizeLimit : Reason::kNone;
}

std::uint32_t Accounts::max_open_orders(Slot account) const noexcept {
  const std::uint32_t own = balances_.limits(account).max_open_orders;
  return own > 0 ? own : open_orders_per_account_;
}

}  // namespace exchange::engine
