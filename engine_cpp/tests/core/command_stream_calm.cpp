// Calm streams: nearly all that comes is plain, on markets without bands and by accounts without limits, so that the
// short ways of the core (place_plain.cpp, amend_plain.cpp, cancel_plain.cpp) are argued about too. What is not plain
// comes in between, and meets what the short ways left.
#include "command_stream.hpp"
#include "listings.hpp"
#include "wire.hpp"

namespace exchange::engine::testing {
namespace {

constexpr std::int64_t kMinute = 60'000'000'000;

}  // namespace

std::string CommandStream::next_calm() {
  const std::int64_t dice = below(100);
  if (dice < 42) return amend_calmly();
  if (dice < 75) return place_calmly();
  if (dice < 86) return cancel_calmly();
  if (dice < 95) return transfer();
  return one_in(3) ? place() : one_in(2) ? amend() : one_in(4) ? cancel_many() : cancel();
}

std::int64_t CommandStream::calm_price(std::uint32_t instrument) {
  return instrument == kEthBtc ? 10 * (300 + below(16)) : 5 * (2'000 + below(16));
}

std::string CommandStream::place_calmly() {
  const std::string id = client_id();
  const bool stays = !one_in(4);
  const std::uint32_t instrument = one_in(4) ? kEthBtc : kBtcKk99;
  PlaceOrder order{.account_id = account(),
                   .client_order_id = id,
                   .instrument_id = instrument,
                   .side = any({Side::kBuy, Side::kSell}),
                   .type = OrderType::kLimit,
                   .time_in_force = stays ? TimeInForce::kGtc : TimeInForce::kIoc,
                   .self_trade_prevention = static_cast<SelfTradePrevention>(1 + below(4)),
                   .post_only = stays && one_in(5),
                   .price = calm_price(instrument),
                   .quantity = 10 * (1 + below(40)),
                   .valid_until_ns = time_ns_ + kMinute,
                   .fingerprint = random_()};
  if (one_in(40)) spoil(order);
  return encode(order);
}

std::string CommandStream::amend_calmly() {
  const Target order = some_order(30);
  AmendOrder amend{.account_id = order.account_id,
                   .order_id = order.order_id,
                   .price = calm_price(one_in(4) ? kEthBtc : kBtcKk99),
                   .valid_until_ns = time_ns_ + (one_in(60) ? -1 : kMinute),
                   .fingerprint = random_(),
                   .size = any({AmendSize::kUnchanged, AmendSize::kUnchanged, AmendSize::kTotal, AmendSize::kOpen}),
                   .has_price = !one_in(4),
                   .requeue = one_in(8)};
  if (amend.size != AmendSize::kUnchanged) amend.quantity = one_in(30) ? below(45) : 10 * below(45);
  if (one_in(60)) amend.price = any<std::int64_t>({0, -5, 3, INT64_MAX, INT64_MIN});
  return encode(amend);
}

std::string CommandStream::cancel_calmly() {
  const Target order = some_order(30);
  return encode(CancelOrder{.account_id = order.account_id,
                            .order_id = order.order_id,
                            .valid_until_ns = time_ns_ + (one_in(60) ? -1 : kMinute),
                            .fingerprint = random_()});
}

}  // namespace exchange::engine::testing
