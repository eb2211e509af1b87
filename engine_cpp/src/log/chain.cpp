#include "exchange/engine/log/chain.hpp"

#include <openssl/evp.h>

#include <stdexcept>

namespace exchange::engine::log {
namespace {

void require(bool success) {
  if (!success) throw std::runtime_error("libcrypto cannot compute SHA-256");
}

}  // namespace

void Chain::Free::operator()(evp_md_ctx_st* context) const noexcept { EVP_MD_CTX_free(context); }
void Chain::Free::operator()(evp_md_st* algorithm) const noexcept { EVP_MD_free(algorithm); }

Chain::Chain(const Digest& last)
    : algorithm_(EVP_MD_fetch(nullptr, "SHA256", nullptr)), context_(EVP_MD_CTX_new()), last_(last) {
  require(algorithm_ != nullptr && context_ != nullptr);
}

const Digest& Chain::extend(std::string_view group) {
  unsigned char link[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  require(EVP_DigestInit_ex2(context_.get(), algorithm_.get(), nullptr) == 1 &&
          EVP_DigestUpdate(context_.get(), last_.data(), last_.size()) == 1 &&
          EVP_DigestUpdate(context_.get(), group.data(), group.size()) == 1 &&
          EVP_DigestFinal_ex(context_.get(), link, &length) == 1 && length == last_.size());
  for (std::size_t i = 0; i < last_.size(); ++i) last_[i] = static_cast<char>(link[i]);
  return last_;
}

}  // namespace exchange::engine::log
