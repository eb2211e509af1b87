// What all accounts hold of an asset together: what came less what left, above zero or below it.
#include "saved_state.hpp"
#include "trades.hpp"
#include "venue.hpp"

namespace exchange::engine::testing {
namespace {

class SupplyTest : public Venue {
 protected:
  Outcome take_out(std::uint64_t account) {
    return submit(Transfer{TransferDirection::kOut, ++transfer_seq_, account, kKk99, balance(account, kKk99).available});
  }
  void take_all_out() {
    for (const std::uint64_t account : {kAlice, kBob, kCarol, kDave}) {
      ASSERT_EQ(take_out(account).reason(), Reason::kNone);
    }
  }
  // Alice buys of Bob, and all take out what they have; then that is taken back, and the insurance fund pays for Bob.
  void let_the_fund_owe() {
    submit(limit(kBob, Side::kSell, 10'000, 100));
    const TradeView trade = submit(limit(kAlice, Side::kBuy, 10'000, 100)).all<TradeView>().at(0);
    take_all_out();
    const BustedTrade busted = as_made(trade, now_ns_ + kDay);
    ASSERT_EQ(submit(BustTrade{&busted}).reason(), Reason::kNone);
    ASSERT_LT(balance(kInsuranceAccount, kKk99).available, 0);
  }
};

TEST_F(SupplyTest, AStateInWhichMoreHasLeftThanCameIsKept) {
  let_the_fund_owe();
  ASSERT_EQ(take_out(kAlice).reason(), Reason::kNone);
  std::int64_t supply = 0;
  for (const std::uint64_t account : {std::uint64_t{0}, kInsuranceAccount, kAlice, kBob, kCarol, kDave}) {
    supply += balance(account, kKk99).available;
  }
  EXPECT_LT(supply, 0);
  Core loaded(small_limits(), 0);
  ASSERT_TRUE(load(loaded, save(core_)));
  EXPECT_EQ(loaded.state_hash(), core_.state_hash());
  core_ = std::move(loaded);
  EXPECT_EQ(fund(kAlice, kKk99, 5).reason(), Reason::kNone);
}

}  // namespace
}  // namespace exchange::engine::testing
