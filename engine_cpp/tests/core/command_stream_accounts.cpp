// The part of a stream that operators do to accounts, and to what they pay.
#include "command_stream.hpp"
#include "wire.hpp"

namespace exchange::engine::testing {

std::string CommandStream::govern() { return one_in(4) ? set_fees() : set_account(); }

std::string CommandStream::set_account() {
  AccountSettings settings;
  settings.account_id = account();
  switch (below(6)) {
    case 0:
      // Most are soon active again.
      settings.trading_state = any({TradingState::kActive, TradingState::kActive, TradingState::kReducing, TradingState::kHalted});
      settings.cancel_orders = settings.trading_state == TradingState::kHalted ? one_in(2) : one_in(20);
      break;
    case 1:
      settings.has_limits = true;
      settings.limits = {.max_order_lots = any<std::int64_t>({0, 0, 0, 30}),
                         .max_order_notional = any<std::int64_t>({0, 0, 0, 3'000'000}),
                         .max_position_lots = below(3),
                         .max_open_orders = any<std::uint32_t>({0, 0, 3, 10, 24})};
      break;
    case 2:
      settings.has_fee_tier = true;
      settings.fee_tier = static_cast<std::uint32_t>(below(4));
      break;
    case 3:
      settings.has_self_trade_group = true;
      settings.self_trade_group_id = any<std::uint64_t>({0, 77, 88});
      break;
    case 4:
      settings.has_taker_fee = settings.has_maker_fee = true;
      settings.taker_fee_ppm = static_cast<std::uint32_t>(500 * below(5));
      settings.maker_fee_ppm = static_cast<std::uint32_t>(300 * below(5));
      break;
    default:
      settings.has_account_class = true;
      settings.account_class = static_cast<std::uint32_t>(below(3));
      settings.kind = any({AccountKind::kUnchanged, AccountKind::kCash, AccountKind::kMargin});
      settings.trading_state = TradingState::kActive;
      break;
  }
  if (one_in(30)) settings.limits.max_order_lots = -1, settings.has_limits = true;
  if (one_in(30)) settings.limits.max_open_orders = 26, settings.has_limits = true;
  if (one_in(30)) settings.account_class = 256, settings.has_account_class = true;
  return encode(SetAccount{&settings});
}

std::string CommandStream::set_fees() {
  const auto schedule = static_cast<std::uint32_t>(1 + below(3));
  std::vector<FeeTier> tiers = {{0, 1'000, 500}};
  const auto number = static_cast<std::uint32_t>(below(4));
  if (number != 0) tiers.push_back({number, static_cast<std::int32_t>(300 + below(1'200)), static_cast<std::int32_t>(below(600) - 300)});
  if (one_in(3)) tiers.front() = {0, static_cast<std::int32_t>(-below(100)), static_cast<std::int32_t>(100 + below(300))};
  if (one_in(8)) tiers.insert(tiers.begin(), {9, 400, any<std::int32_t>({0, -299, -100'001})});
  if (one_in(12)) tiers.push_back(tiers.back());
  if (one_in(20)) tiers.front().fee_tier = 1;
  if (one_in(20)) return encode(ActivateRules{static_cast<std::uint32_t>(below(3))});
  return encode(SetFeeSchedule{one_in(20) ? 0 : schedule, tiers});
}

}  // namespace exchange::engine::testing
