#include "ra/training/adam.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include "ra/base/error.h"

namespace ra {
namespace {

constexpr double kBeta1 = 0.9;
constexpr double kBeta2 = 0.999;
constexpr double kEpsilon = 1e-8;

[[noreturn]] void refuse(const std::string& reason) {
  throw Error(ErrorCode::kBadInput, "the optimiser's state does not fit the model: " + reason);
}

CheckpointValue value_of(auto value) { return CheckpointValue{std::move(value)}; }
CheckpointValue text(const char* value) { return CheckpointValue{std::string(value)}; }

double number(const CheckpointValue* value, const std::string& name) {
  if (value != nullptr) {
    if (const auto* real = std::get_if<double>(&value->value)) return *real;
    if (const auto* integer = std::get_if<std::int64_t>(&value->value)) return static_cast<double>(*integer);
    const auto* tensor = std::get_if<at::Tensor>(&value->value);
    if (tensor != nullptr && tensor->defined() && tensor->numel() == 1) return tensor->item<double>();
  }
  refuse(name + " is missing or no number");
}

const CheckpointValue* entry(const CheckpointValue::Dict& dict, std::int64_t key) {
  for (const auto& [name, value] : dict) {
    const auto* integer = std::get_if<std::int64_t>(&name.value);
    if (integer != nullptr && *integer == key) return &value;
  }
  return nullptr;
}

void copy_moment(const at::Tensor& moment, const CheckpointValue* saved, const std::string& name) {
  const auto* tensor = saved != nullptr ? std::get_if<at::Tensor>(&saved->value) : nullptr;
  if (tensor == nullptr || tensor->sizes() != moment.sizes()) refuse(name + " is missing or of another shape");
  moment.copy_(*tensor);
}

}  // namespace

Adam::Adam(std::vector<at::Tensor> parameters, double learning_rate)
    : parameters_(std::move(parameters)), learning_rate_(learning_rate) {
  for (const at::Tensor& parameter : parameters_) {
    first_moments_.push_back(at::zeros_like(parameter.detach()));
    second_moments_.push_back(at::zeros_like(parameter.detach()));
  }
  moves_ = at::zeros({}, parameters_.front().options().dtype(at::kFloat).requires_grad(false));
  if (!moves_.is_cpu()) rate_ = at::full_like(moves_, learning_rate);
}

void Adam::set_learning_rate(double learning_rate) {
  learning_rate_ = learning_rate;
  if (rate_.defined()) rate_.fill_(learning_rate);
}

void Adam::zero_grad() {
  for (at::Tensor& parameter : parameters_) parameter.mutable_grad().reset();
}

void Adam::require_grad(bool required) {
  for (at::Tensor& parameter : parameters_) parameter.requires_grad_(required);
}

void Adam::step(const at::Tensor& skip) {
  const at::NoGradGuard no_grad;
  ++steps_;
  moves_.add_(1);
  if (skip.defined()) moves_.sub_(skip);
  // One pass over memory for each parameter, which must lie in memory as its gradient and its moments do.
  std::vector<at::Tensor> parameters, gradients, first, second, steps;
  for (std::size_t k = 0; k < parameters_.size(); ++k) {
    const at::Tensor &parameter = parameters_[k], &gradient = parameter.grad();
    if (!gradient.defined()) continue;
    if (gradient.strides() != parameter.strides()) {
      parameters_[k].mutable_grad() = at::empty_like(parameter.detach()).copy_(gradient);
    }
    parameters.push_back(parameter.detach());
    gradients.push_back(parameter.grad());
    first.push_back(first_moments_[k]);
    second.push_back(second_moments_[k]);
    steps.push_back(moves_);
  }
  if (parameters.empty()) return;
  const auto move = [&](const auto& rate) {
    at::_fused_adam_(parameters, gradients, first, second, {}, steps, rate, kBeta1, kBeta2, /*weight_decay=*/0.0,
                     kEpsilon, /*amsgrad=*/false, /*maximize=*/false, /*grad_scale=*/{},
                     skip.defined() ? std::optional(skip) : std::nullopt);
  };
  if (rate_.defined()) {
    move(rate_);
  } else {
    move(learning_rate_);
  }
}

CheckpointValue Adam::state() const {
  CheckpointValue::Dict moments;
  CheckpointValue::List indices;
  for (std::size_t k = 0; k < parameters_.size(); ++k) {
    const auto index = static_cast<std::int64_t>(k);
    indices.push_back(value_of(index));
    if (steps_ == 0) continue;
    moments.emplace_back(
        value_of(index),
        value_of(CheckpointValue::Dict{
            {text("step"), value_of(at::full({}, static_cast<double>(steps_), at::kFloat))},
            {text("exp_avg"), value_of(first_moments_[k].cpu().clone(at::MemoryFormat::Contiguous))},
            {text("exp_avg_sq"), value_of(second_moments_[k].cpu().clone(at::MemoryFormat::Contiguous))}}));
  }
  CheckpointValue betas = value_of(CheckpointValue::List{value_of(kBeta1), value_of(kBeta2)});
  betas.is_tuple = true;
  CheckpointValue::Dict group = {{text("lr"), value_of(learning_rate_)},
                                 {text("betas"), betas},
                                 {text("eps"), value_of(kEpsilon)},
                                 {text("weight_decay"), value_of(std::int64_t{0})},
                                 {text("amsgrad"), value_of(false)},
                                 {text("maximize"), value_of(false)},
                                 {text("foreach"), CheckpointValue{}},
                                 {text("capturable"), value_of(false)},
                                 {text("differentiable"), value_of(false)},
                                 {text("fused"), CheckpointValue{}},
                                 {text("decoupled_weight_decay"), value_of(false)},
                                 {text("params"), value_of(std::move(indices))}};
  return value_of(
      CheckpointValue::Dict{{text("state"), value_of(std::move(moments))},
                            {text("param_groups"), value_of(CheckpointValue::List{value_of(std::move(group))})}});
}

void Adam::load(const CheckpointValue& state) {
  at::NoGradGuard no_grad;
  const CheckpointValue* saved = state.find("state");
  const auto* moments = saved != nullptr ? std::get_if<CheckpointValue::Dict>(&saved->value) : nullptr;
  const CheckpointValue* saved_groups = state.find("param_groups");
  const auto* groups = saved_groups != nullptr ? std::get_if<CheckpointValue::List>(&saved_groups->value) : nullptr;
  if (moments == nullptr || groups == nullptr || groups->size() != 1) refuse("it is no state of one Adam");
  if (!moments->empty() && moments->size() != parameters_.size()) {
    refuse(fmt::format("it has moments of {} tensors, the model has {}", moments->size(), parameters_.size()));
  }
  set_learning_rate(number(groups->front().find("lr"), "lr"));
  steps_ = 0;
  for (std::size_t k = 0; k < moments->size(); ++k) {
    const CheckpointValue* own = entry(*moments, static_cast<std::int64_t>(k));
    if (own == nullptr) refuse(fmt::format("tensor {} has no moments", k));
    steps_ = static_cast<std::int64_t>(number(own->find("step"), "step"));
    copy_moment(first_moments_[k], own->find("exp_avg"), fmt::format("exp_avg of tensor {}", k));
    copy_moment(second_moments_[k], own->find("exp_avg_sq"), fmt::format("exp_avg_sq of tensor {}", k));
  }
  moves_.fill_(static_cast<double>(steps_));
}

}  // namespace ra
