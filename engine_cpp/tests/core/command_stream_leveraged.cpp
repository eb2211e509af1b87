// Leveraged streams: accounts with little money and large positions, whose owners are left with little more than they
// need, while marks go up and down. So many are liquidated, some while markets are halted, some with nothing left.
#include <algorithm>

#include "command_stream.hpp"
#include "wire.hpp"

namespace exchange::engine::testing {
namespace {

constexpr std::int64_t kMinute = 60'000'000'000;

}  // namespace

std::string CommandStream::next_leveraged() {
  const std::uint32_t instrument = margin_instrument();
  const std::int64_t dice = below(100);
  if (dice < 46) return place_leveraged(instrument);
  if (dice < 58) return move_mark(instrument);
  if (dice < 64) return pay_in();
  if (dice < 72) return drain();
  if (dice < 76) return cancel();
  if (dice < 80) return amend_on_margin(instrument);
  if (dice < 85) return place_on_margin(instrument);
  if (dice < 88) return change_leveraged_phase(instrument);
  if (dice < 89) return one_in(3) ? set_margin_account() : become_margin();
  if (dice < 90) return one_in(2) ? sweep() : set_margin(instrument, static_cast<std::uint32_t>(below(2)));
  if (dice < 91) return bust();
  if (dice < 94) return transfer();
  if (dice < 96) return encode(Tick{});
  return one_in(2) ? place() : one_in(2) ? place_group() : place_together();
}

void CommandStream::saw_balance(const BalanceChangeView& change) {
  if (change.asset_id == kKk99) money_[change.account_id] = change.available;
}

std::string CommandStream::place_leveraged(std::uint32_t instrument) {
  const std::string id = client_id();
  const bool stays = !one_in(4);
  SpecialTerms special{.reduce_only = true};
  const std::int64_t price = margin_price(instrument);
  return encode(PlaceOrder{.account_id = one_in(3) ? account() : static_cast<std::uint64_t>(2 * (1 + below(3))),
                           .client_order_id = id,
                           .instrument_id = instrument,
                           .side = any({Side::kBuy, Side::kSell}),
                           .type = OrderType::kLimit,
                           .time_in_force = stays ? TimeInForce::kGtc : TimeInForce::kIoc,
                           .self_trade_prevention = static_cast<SelfTradePrevention>(1 + below(4)),
                           .price = price == 0 ? 5 : price,
                           .quantity = margin_lot(instrument) * (1 + below(one_in(3) ? 60 : 12)),
                           .valid_until_ns = time_ns_ + kMinute,
                           .fingerprint = random_(),
                           .special = one_in(10) ? &special : nullptr});
}

// By hundredths mostly, so that the book is often on the way to the loss of all.
std::string CommandStream::move_mark(std::uint32_t instrument) {
  const std::int64_t middle = margin_price(instrument);
  const auto hundredths = any<std::int64_t>({0, 0, 1, 2, 3, 6, 15, 50});
  const std::int64_t far = std::max<std::int64_t>(std::abs(middle) * hundredths / 100, hundredths / 2);
  return encode(SetMarkPrice{.instrument_id = instrument,
                             .has_mark_price = true,
                             .has_conversion_rate = instrument == kEurJpy && one_in(3),
                             .mark_price = middle + (one_in(2) ? far : -far),
                             .conversion_rate_ppb = 6'000'000 + below(1'000'000)});
}

std::string CommandStream::pay_in() {
  return encode(Transfer{.direction = TransferDirection::kIn,
                         .transfer_seq = ++transfer_seq_,
                         .account_id = one_in(20) ? kInsuranceAccount : 1 + static_cast<std::uint64_t>(below(6)),
                         .asset_id = kKk99,
                         .amount = 1 + below(any<std::int64_t>({1'000'000, 8'000'000, 25'000'000}))});
}

// Takes what is behind the positions of an account, as far as it may be taken.
std::string CommandStream::drain() {
  const std::uint64_t account_id = 1 + static_cast<std::uint64_t>(below(6));
  const std::int64_t most = std::clamp<std::int64_t>(money_[account_id], 1, std::int64_t{1} << 50);
  const auto tenths = any<std::int64_t>({2, 5, 8, 10});
  return encode(Transfer{.direction = TransferDirection::kOut,
                         .transfer_seq = ++transfer_seq_,
                         .account_id = account_id,
                         .asset_id = kKk99,
                         .amount = most - most * tenths / 10 + below(1'000)});
}

std::string CommandStream::change_leveraged_phase(std::uint32_t instrument) {
  if (one_in(8)) return change_margin_phase(instrument);
  const TradingPhase phase = one_in(4) ? any({TradingPhase::kHalt, TradingPhase::kPostOnly, TradingPhase::kCancelOnly})
                                       : TradingPhase::kContinuous;
  return encode(SetPhase{instrument, phase, AuctionKind::kNone});
}

std::string CommandStream::become_margin() {
  AccountSettings settings;
  settings.account_id = account();
  settings.kind = AccountKind::kMargin;
  settings.trading_state = TradingState::kActive;
  settings.has_limits = true;
  return encode(SetAccount{&settings});
}

}  // namespace exchange::engine::testing
