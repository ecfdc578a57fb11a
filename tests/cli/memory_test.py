#!/usr/bin/env python3
"""Does `raysim memory` show what the stores hold, and who needs it?"""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

RAYSIM = sys.argv.pop(1)


def memory(*arguments):
    return subprocess.run([RAYSIM, "memory", *arguments], capture_output=True, text=True, check=False)


class Memory(unittest.TestCase):
    def written(self, text):
        """The path of a scenario with this text, for the test that runs."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        scenario = pathlib.Path(folder.name) / "scenario.yaml"
        scenario.write_text(text, encoding="utf-8")
        return str(scenario)

    def test_at_the_moment_when_most_is_held(self):
        shown = json.loads(memory("scenarios/shuffle.yaml", "--json").stdout)
        run = subprocess.run([RAYSIM, "run", "scenarios/shuffle.yaml", "--json"], capture_output=True, text=True, check=True)
        nodes = json.loads(run.stdout)["nodes"]
        for name, store in shown["stores"].items():
            self.assertLessEqual(store["used_bytes"], nodes[name]["object_store_peak_bytes"])
        parts = [o for o in shown["objects"] if o["call_site"] == "partition"]
        self.assertEqual(len(parts), 256)
        self.assertEqual({o["object_size"] for o in parts}, {500_000})
        self.assertEqual({o["task_status"] for o in parts}, {"FINISHED"})

    def test_what_tasks_read_is_pinned_where_they_run(self):
        shown = json.loads(memory("scenarios/pipeline.yaml", "--at", "1.2 s", "--json").stdout)
        pinned = [o for o in shown["objects"] if o["reference_type"] == "PINNED_IN_MEMORY"]
        self.assertEqual([(o["node"], o["type"], o["object_size"]) for o in pinned], [("ming", "WORKER", 30_000_000)])
        waiting = {o["task_status"] for o in shown["objects"] if o["reference_type"] == "USED_BY_PENDING_TASK"}
        self.assertIn("FINISHED", waiting)

    def test_what_only_objects_refer_to_is_captured(self):
        scenario = self.written("""raysim: 1
cluster: {nodes: {head: {cpus: 1}}}
driver:
  - put: {size: 1 MB, as: inner}
  - put: {value: '[inner, [inner, 5]]', as: outer}
  - sleep: 1 s
  - let: {inner: nil}
  - sleep: 1 s
  - get: {refs: outer, as: values}
  - sleep: 1 s
  - let: {values: nil}
  - sleep: 1 s
  - let: {outer: nil}
  - sleep: 1 s
""")
        kinds = []
        for second in range(5):
            shown = json.loads(memory(scenario, "--at", f"{second}.5 s", "--json").stdout)
            kinds.append({o["object_size"] > 100_000: o["reference_type"] for o in shown["objects"]})
        local, captured = "LOCAL_REFERENCE", "CAPTURED_IN_OBJECT"
        self.assertEqual(kinds, [{True: local, False: local}, {True: captured, False: local}, {True: local, False: local},
                                 {True: captured, False: local}, {}])
        self.assertRegex(memory(scenario, "--at", "1.5 s").stdout, r"Captured in Objects\n.*1, \(\d+ B\)\n")

    def test_what_only_a_borrower_uses_is_listed_there(self):
        scenario = self.written("""raysim: 1
cluster: {nodes: {head: {cpus: 1}}}
actors:
  Keeper:
    state: {kept: nil}
    methods:
      keep: {parameters: [refs], body: [{let: {self.kept: refs}}]}
      drop: {body: [{let: {self.kept: nil}}]}
driver:
  - put: {size: 1 MB, as: object}
  - create: {actor: Keeper, as: keeper}
  - invoke: {actor: keeper, method: keep, args: ['[object]'], as: kept}
  - get: kept
  - sleep: 1 s
  - let: {object: nil, kept: nil}
  - sleep: 1 s
  - invoke: {actor: keeper, method: drop}
  - sleep: 3 s
""")
        rows = []
        for second in (1, 2, 4):
            shown = json.loads(memory(scenario, "--at", f"{second} s", "--json").stdout)
            rows.append({(o["type"], o["reference_type"], o["call_site"]) for o in shown["objects"]})
            self.assertEqual(shown["stores"]["head"]["objects"], 1 if second < 4 else 0)
        local, borrowed = "LOCAL_REFERENCE", ("WORKER", "LOCAL_REFERENCE", "(borrowed)")
        self.assertEqual(rows, [{("DRIVER", local, ""), ("DRIVER", local, "Keeper.keep"), borrowed}, {borrowed}, set()])

    def test_as_tables(self):
        text = memory("scenarios/pipeline.yaml", "--at", "1.2 s").stdout
        self.assertIn("--- Summary for node: bob ---", text)
        self.assertIn("--- Object references for node: ming ---", text)
        self.assertRegex(text, r"Plasma memory usage \d+ MiB, \d+ objects, [\d.]+% full, [\d.]+% needed")

    def test_errors_name_what_was_expected(self):
        for arguments, message in [
            (["scenarios/pi_60core.yaml"], "nothing ever lies in an object store, expected --at TIME"),
            (["scenarios/pipeline.yaml", "--at", "5"], "--at: '5': no unit, expected one of ns, us, ms, s, min, h"),
            (["scenarios/pipeline.yaml", "--at", "50 s"], "--at: 50 s, but the program is over before"),
        ]:
            shown = memory(*arguments)
            self.assertEqual(shown.returncode, 2, arguments)
            self.assertIn(message, shown.stderr)


if __name__ == "__main__":
    unittest.main()
