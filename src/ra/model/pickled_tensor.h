#pragma once

#include <string>
#include <vector>

#include "ra/model/pickle_node.h"

namespace ra {

// What the permitted calls of a pickle amount to, each from the call's arguments. kBadInput when these are not the
// ones that torch.save writes.
using PickleArguments = std::vector<PickleNode*>;

// torch._utils._rebuild_tensor_v2: a view of a storage, inside its bounds.
at::Tensor rebuild_tensor(const PickleArguments& arguments);
// torch._utils._rebuild_parameter: its tensor.
at::Tensor rebuild_parameter(const PickleArguments& arguments);
// collections.OrderedDict, empty or from a list of pairs.
PickledDict ordered_dict(const PickleArguments& arguments);
// torch.Size: a tuple of integers.
PickledSequence torch_size(const PickleArguments& arguments);
// torch.device: "cuda:0".
std::string device_text(const PickleArguments& arguments);

}  // namespace ra
