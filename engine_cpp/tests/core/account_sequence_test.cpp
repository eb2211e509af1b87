// Every private event carries its account's next number.
#include "saved_state.hpp"
#include "venue.hpp"

namespace exchange::engine::testing {
namespace {

class AccountSequenceTest : public Venue {
 protected:
  // Takes part in the numbering of an outcome's events, and checks that none is left out.
  void follow(const Outcome& outcome) {
    for (const ReadEvent& event : outcome.events) {
      if (const auto* order = std::get_if<OrderEvent>(&event)) expect(order->order.view.account_id, order->account_seq);
      if (const auto* change = std::get_if<BalanceChangeView>(&event)) expect(change->account_id, change->account_seq);
      if (const auto* match = std::get_if<PreventedMatchView>(&event)) {
        expect(match->maker_account_id, match->maker_account_seq);
        if (match->maker_account_id != match->taker_account_id) {
          expect(match->taker_account_id, match->taker_account_seq);
        } else {
          EXPECT_EQ(match->maker_account_seq, match->taker_account_seq);
        }
      }
    }
  }

  void expect(std::uint64_t account, std::uint64_t seq) {
    const auto [known, first] = last_.emplace(account, account == 0 ? 0 : kFundings);
    EXPECT_EQ(seq, ++known->second) << "of account " << account;
  }

  [[nodiscard]] std::uint64_t told(std::uint64_t account) const {
    ByteBuffer bytes;
    EXPECT_TRUE(core_.query(account, bytes));
    return read_account(bytes.view()).account_seq;
  }

  static constexpr std::uint64_t kFundings = 2;  // the venue funds each account twice

 private:
  std::map<std::uint64_t, std::uint64_t> last_;
};

TEST_F(AccountSequenceTest, CountsFromOneWithoutAGap) {
  EXPECT_EQ(told(kAlice), kFundings);
  EXPECT_EQ(told(0), 0U);
  follow(submit(limit(kAlice, Side::kBuy, 10'000, 100)));
  follow(submit(limit(kBob, Side::kSell, 10'000, 250)));
  follow(submit(limit(kAlice, Side::kBuy, 10'000, 120)));
  follow(submit(limit(kAlice, Side::kBuy, 10'000, 1)));  // off the lot: a refused order is a private event too
  follow(fund(kBob, kKk99, 5));
  EXPECT_EQ(told(0), 2U);
}

TEST_F(AccountSequenceTest, APreventedMatchIsOneEventOfEachAccount) {
  follow(submit(limit(kCarol, Side::kBuy, 10'000, 100)));
  follow(submit(limit(kDave, Side::kSell, 10'000, 100)));
  follow(submit(limit(kDave, Side::kBuy, 10'000, 100)));
}

TEST_F(AccountSequenceTest, APreventedMatchWithinAnAccountIsOneEvent) {
  follow(submit(limit(kAlice, Side::kBuy, 10'000, 300)));
  PlaceOrder own = limit(kAlice, Side::kSell, 10'000, 100);
  own.self_trade_prevention = SelfTradePrevention::kDecrement;
  const Outcome met = submit(own);
  ASSERT_EQ(met.all<PreventedMatchView>().size(), 1U);
  follow(met);
}

TEST_F(AccountSequenceTest, ARepeatedRequestTellsNothing) {
  const PlaceOrder order = limit(kAlice, Side::kBuy, 10'000, 100);
  submit(order);
  const std::uint64_t before = told(kAlice);
  EXPECT_TRUE(submit(order).result.replayed);
  EXPECT_EQ(told(kAlice), before);
}

TEST_F(AccountSequenceTest, IsKeptWithTheAccount) {
  submit(limit(kAlice, Side::kBuy, 10'000, 100));
  const std::uint64_t before = told(kAlice);
  const std::string saved = save(core_);
  core_ = Core(small_limits(), 0);
  ASSERT_TRUE(load(core_, saved));
  EXPECT_EQ(told(kAlice), before);
}

}  // namespace
}  // namespace exchange::engine::testing
