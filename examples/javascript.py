"""A format of one's own: programs on real data as a function of JavaScript."""

import evosynth as es


@es.format(suffix=".js")
def javascript(program):
    """A function of JavaScript, from an array to an array."""
    names = [f"x[{k}]" for k in range(program.code.inputs)]

    def read(ref):
        return "0" if ref.value < 0 else f"{'-' if ref.unit else ''}{names[ref.value]}"

    lines = []
    for k, step in enumerate(program.code.operations):
        factor = read(step.right) if step.kind == "add" else repr(step.constant.real)
        sign = "+" if step.kind == "add" else "*"
        lines.append(f"  const t{k} = {read(step.left)} {sign} {factor.replace('-', '- ')};")
        names.append(f"t{k}")
    results = ", ".join(read(ref) for ref in program.code.outputs)
    return "\n".join([f"function {program.name}(x) {{", *lines, f"  return [{results}];", "}\n"])
