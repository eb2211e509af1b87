// Seeded streams of commands in which everything happens: few accounts, few prices, small balances, repeated requests,
// reused ids, broken shapes, jumps of time.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "exchange/engine/byte_buffer.hpp"
#include "exchange/engine/command.hpp"
#include "exchange/engine/core.hpp"
#include "margin_listings.hpp"
#include "views.hpp"

namespace exchange::engine::testing {

// Limits small enough that a stream meets them.
[[nodiscard]] Limits tight_limits();

class CommandStream {
 public:
  // Streams of these seeds and later ones are calm: nearly all that comes is plain.
  static constexpr std::uint64_t kFirstCalmSeed = std::uint64_t{1} << 32U;

  // Of these and later ones leveraged: nearly all that comes trades on margin, and may be liquidated.
  static constexpr std::uint64_t kFirstLeveragedSeed = std::uint64_t{1} << 33U;

  explicit CommandStream(std::uint64_t seed)
      : random_(seed),
        calm_(seed >= kFirstCalmSeed && seed < kFirstLeveragedSeed),
        leveraged_(seed >= kFirstLeveragedSeed) {}

  // The next serialized `Command`. The first ones list instruments, open accounts and fund them.
  [[nodiscard]] std::string next();
  // Engine time of the command that `next` gave last.
  [[nodiscard]] std::int64_t time_ns() const noexcept { return time_ns_; }
  // Tells the stream of an order that exists, so that it can be amended and cancelled.
  void saw_order(const OrderView& order);
  // Tells the stream what a command came to: the orders and the trades that it made.
  void saw(std::string_view results, const ByteBuffer& events);
  void saw_order(std::uint64_t order_id) { last_order_ = std::max(last_order_, order_id); }

 private:
  [[nodiscard]] std::int64_t below(std::int64_t bound);
  [[nodiscard]] bool one_in(std::int64_t chances) { return below(chances) == 0; }
  template <class T>
  [[nodiscard]] T any(std::initializer_list<T> values) {
    return *(values.begin() + below(static_cast<std::int64_t>(values.size())));
  }

  void pass_time();
  // A command that may come again.
  [[nodiscard]] std::string keep(const std::string& command);
  [[nodiscard]] std::string next_calm();
  [[nodiscard]] std::string place_calmly();
  [[nodiscard]] std::string amend_calmly();
  [[nodiscard]] std::string cancel_calmly();
  [[nodiscard]] std::int64_t calm_price(std::uint32_t instrument);
  [[nodiscard]] std::string set_up(std::uint64_t step);
  [[nodiscard]] std::string place();
  // An order with what it points at.
  struct Made {
    std::string id;
    SpecialTerms special;
    PlaceOrder order;
  };
  void make(Made& made);
  [[nodiscard]] std::string place_together();
  [[nodiscard]] std::string place_group();
  [[nodiscard]] std::string place_pair(LinkType type);
  [[nodiscard]] std::string place_family(LinkType type);
  void make_child(Made& made, const PlaceOrder& parent, bool exits, std::size_t place);
  void make_plain(Made& made);
  void make_pegged_near(Made& made);
  [[nodiscard]] std::int64_t price_near(std::uint32_t instrument);
  [[nodiscard]] static OrderType with_limit(OrderType type, bool stops);
  [[nodiscard]] std::string cancel();
  [[nodiscard]] std::string amend();
  [[nodiscard]] std::string cancel_many();
  // Sessions and the gateways that they come by.
  [[nodiscard]] std::string connect();
  [[nodiscard]] std::string open_session();
  // What becomes of trades after they were made.
  void saw_trade(const TradeView& trade);
  void saw_balance(const BalanceChangeView& change);
  [[nodiscard]] std::string bust();
  [[nodiscard]] BustedTrade invent_trade();
  [[nodiscard]] std::string settle();
  [[nodiscard]] std::string transfer();
  [[nodiscard]] std::string administer();
  // What operators set of accounts and fees.
  [[nodiscard]] std::string govern();
  [[nodiscard]] std::string set_account();
  [[nodiscard]] std::string set_fees();
  // What changes a market as a whole: phases, prices from outside, terms.
  [[nodiscard]] std::string change_market();
  [[nodiscard]] std::string change_phase(InstrumentDefinition& listing);
  [[nodiscard]] std::string state_prices(const InstrumentDefinition& listing);
  [[nodiscard]] std::string change_terms(InstrumentDefinition& listing);
  // What only instruments on margin know.
  static constexpr std::uint64_t kMarginSetUp = 17;
  [[nodiscard]] std::string set_up_margin(std::uint64_t step);
  [[nodiscard]] std::string trade_on_margin();
  [[nodiscard]] std::string place_on_margin(std::uint32_t instrument);
  void make_on_margin(Made& made, std::uint32_t instrument);
  void make_pegged_on_margin(PlaceOrder& order, SpecialTerms& special, std::uint32_t instrument);
  [[nodiscard]] std::string amend_on_margin(std::uint32_t instrument);
  [[nodiscard]] std::string set_margin(std::uint32_t instrument, std::uint32_t account_class);
  [[nodiscard]] std::string set_margin_account();
  [[nodiscard]] std::string change_margin_phase(std::uint32_t instrument);
  [[nodiscard]] std::string state_margin_prices(std::uint32_t instrument, bool all);
  [[nodiscard]] std::uint32_t margin_instrument();
  [[nodiscard]] std::int64_t margin_lot(std::uint32_t instrument) const;
  [[nodiscard]] static std::string margin_symbol(const InstrumentDefinition& listing);
  [[nodiscard]] std::string sweep();
  [[nodiscard]] std::string expire(std::uint32_t date);
  [[nodiscard]] std::int64_t margin_price(std::uint32_t instrument);
  [[nodiscard]] std::string next_leveraged();
  [[nodiscard]] std::string place_leveraged(std::uint32_t instrument);
  [[nodiscard]] std::string move_mark(std::uint32_t instrument);
  [[nodiscard]] std::string pay_in();
  [[nodiscard]] std::string drain();
  [[nodiscard]] std::string change_leveraged_phase(std::uint32_t instrument);
  [[nodiscard]] std::string become_margin();
  void add_special(PlaceOrder& order, SpecialTerms& special);
  void make_waiting(PlaceOrder& order, SpecialTerms& special, bool cross);
  void make_pegged(PlaceOrder& order, SpecialTerms& special, bool cross);
  void make_expiring(PlaceOrder& order, SpecialTerms& special);
  [[nodiscard]] std::int64_t some_expiry();
  void make_trailing(SpecialTerms& special);
  void spoil(PlaceOrder& order);
  // An order, often one that was open when it was seen, and its account.
  struct Target {
    std::uint64_t order_id = 0;
    std::uint64_t account_id = 0;
  };
  [[nodiscard]] Target some_order(std::int64_t back);
  [[nodiscard]] std::string client_id();
  [[nodiscard]] std::uint64_t account();

  std::mt19937_64 random_;
  bool calm_;
  bool leveraged_;
  std::uint64_t step_ = 0;
  std::int64_t time_ns_ = 1'700'000'000'000'000'000;
  std::uint64_t transfer_seq_ = 0;
  std::uint64_t last_order_ = 1;
  std::vector<Target> open_;  // the newest of those that were open
  std::map<std::uint64_t, std::int64_t> money_;  // what accounts have of KK99, at their last change
  std::vector<BustedTrade> traded_;  // the newest trades, as they would be taken back
  std::uint64_t ids_ = 0;
  static constexpr std::uint32_t kLastSeries = 31;
  std::vector<std::string> recent_;
  struct Opened {
    std::uint64_t account_id = 0;
    std::uint64_t epoch = 0;
  };
  std::vector<Opened> opened_;  // sessions asked for last
  std::vector<std::string> pending_;  // what has to come next, last first
  std::uint32_t future_id_ = kOilFuture;  // the series that trades
  std::uint32_t option_id_ = kOilOption;
  std::uint32_t next_series_ = kOilOption + 1;
  std::uint32_t date_ = 20'260'101;
  std::deque<std::uint32_t> value_dates_;  // that are open, nearly always
  std::uint32_t last_value_date_ = 20'260'100;
  std::array<InstrumentDefinition, 4> listings_ = {btc_kk99(), eth_btc(), acme_kk99(), halted()};  // as they are now, nearly always
};

}  // namespace exchange::engine::testing
