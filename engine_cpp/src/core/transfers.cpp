#include "transfers.hpp"

namespace exchange::engine {

void Transfers::save(StateWriter& out) const {
  out.put(last_);
  for (std::uint64_t seq = first(); seq <= last_; ++seq) {
    const TransferAnswer& a = answer(seq);
    out.put(a.engine_seq, a.account_id, a.amount, a.asset_id, a.reason, a.direction);
  }
}

bool Transfers::load(StateReader& in) {
  in.get(last_);
  for (std::uint64_t seq = first(); in.ok() && seq <= last_; ++seq) {
    TransferAnswer a;
    in.get(a.engine_seq, a.account_id, a.amount, a.asset_id, a.reason, a.direction);
    in.require(is_between(a.direction, TransferDirection::kIn, TransferDirection::kOut));
    answers_[seq % kRemembered] = a;
  }
  return in.ok();
}

}  // namespace exchange::engine
