// The hash chain over the journal: whoever knows one link can tell whether anything before it was changed.
#pragma once

#include <array>
#include <memory>
#include <string_view>

struct evp_md_ctx_st;
struct evp_md_st;

namespace exchange::engine::log {

// A SHA-256 digest.
using Digest = std::array<char, 32>;

// Computes links: link N = SHA-256(link N-1, bytes of group N). The link before the first group is all zero.
// Used by one thread at a time.
class Chain {
 public:
  explicit Chain(const Digest& last = {});

  // Adds a group and returns its link.
  const Digest& extend(std::string_view group);
  // The newest link.
  [[nodiscard]] const Digest& last() const noexcept { return last_; }

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const noexcept;
    void operator()(evp_md_st* algorithm) const noexcept;
  };

  std::unique_ptr<evp_md_st, Free> algorithm_;
  std::unique_ptr<evp_md_ctx_st, Free> context_;
  Digest last_;
};

}  // namespace exchange::engine::log
