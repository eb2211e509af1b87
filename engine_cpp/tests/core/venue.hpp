// A core with instruments and funded accounts, driven through wire bytes; every command leaves it consistent.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "exchange/engine/core.hpp"
#include "listings.hpp"
#include "wire.hpp"

namespace exchange::engine::testing {

inline constexpr std::int64_t kSecond = 1'000'000'000;
inline constexpr std::int64_t kMinute = 60 * kSecond;
inline constexpr std::int64_t kDay = 24 * 60 * kMinute;

// What one command came to.
struct Outcome {
  ReadResult result;
  std::vector<ReadEvent> events;

  [[nodiscard]] Reason reason() const { return result.reason; }
  [[nodiscard]] const OrderView& order() const { return result.order.value().view; }

  template <class Event>
  [[nodiscard]] std::vector<Event> all() const {
    std::vector<Event> out;
    for (const ReadEvent& event : events) {
      if (const Event* one = std::get_if<Event>(&event)) out.push_back(*one);
    }
    return out;
  }
};

[[nodiscard]] Limits small_limits();

class Venue : public ::testing::Test {
 public:
  explicit Venue(const Limits& limits = small_limits(), std::uint8_t shard = 0);

 protected:
  // Accounts: 1 and 2 trade alone, 3 and 4 share a group; taker 1,000 ppm, maker 500 ppm.
  static constexpr std::uint64_t kAlice = 1;
  static constexpr std::uint64_t kBob = 2;
  static constexpr std::uint64_t kCarol = 3;
  static constexpr std::uint64_t kDave = 4;
  static constexpr std::int64_t kFundsKk99 = 1'000'000'000'000;
  static constexpr std::int64_t kFundsBtc = 100'000'000'000;

  // Lists BTC-KK99 and opens and funds the four accounts.
  void SetUp() override;

  Outcome submit(const std::string& command);
  template <class Body>
  Outcome submit(const Body& body) {
    return submit(encode(body));
  }

  // A GTC limit order with a fresh id; change it before submitting.
  [[nodiscard]] PlaceOrder limit(std::uint64_t account, Side side, std::int64_t price, std::int64_t quantity);
  [[nodiscard]] PlaceOrder market(std::uint64_t account, Side side, std::int64_t quantity);
  [[nodiscard]] CancelOrder cancel(std::uint64_t account, std::uint64_t order_id) const;
  Outcome fund(std::uint64_t account, std::uint32_t asset, std::int64_t amount);

  [[nodiscard]] BalanceChangeView balance(std::uint64_t account, std::uint32_t asset) const;
  [[nodiscard]] std::vector<PriceLevel> depth(Side side) const;

  Core core_;
  std::int64_t now_ns_ = 1'700'000'000'000'000'000;
  std::uint64_t transfer_seq_ = 0;

 private:
  [[nodiscard]] std::string_view fresh_id();

  std::uint64_t seq_ = 0;
  std::deque<std::string> ids_;
};

}  // namespace exchange::engine::testing
