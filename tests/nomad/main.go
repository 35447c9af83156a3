// Whether docs/examples fit Nomad's own types: every name in the job has a place in them, with a value of its kind,
// and the templates of the backup script say of allocations what the script looks for.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"text/template"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/nomad/api"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/gocty"
)

func main() {
	examples := os.Args[1]
	problems := append(job(filepath.Join(examples, "apiary-drill.nomad.hcl")), script(filepath.Join(examples, "nomad-backup.sh"))...)
	for _, problem := range problems {
		fmt.Println(problem)
	}
	if len(problems) > 0 {
		os.Exit(1)
	}
	fmt.Println("the job and the script fit Nomad's types")
}

// The part of the file that is one job, held against api.Job.
func job(path string) []string {
	file, diagnostics := hclparse.NewParser().ParseHCLFile(path)
	if diagnostics.HasErrors() {
		return []string{diagnostics.Error()}
	}
	var problems []string
	for _, block := range file.Body.(*hclsyntax.Body).Blocks {
		if block.Type != "job" {
			problems = append(problems, fmt.Sprintf("%s: %s is not a job", block.TypeRange, block.Type))
			continue
		}
		problems = append(problems, held(block.Body, reflect.TypeFor[api.Job]())...)
	}
	return problems
}

// A body against a type: names by its hcl tags, values by what its fields can hold.
func held(body *hclsyntax.Body, kind reflect.Type) (problems []string) {
	for kind.Kind() == reflect.Pointer || kind.Kind() == reflect.Slice {
		kind = kind.Elem()
	}
	if kind.Kind() == reflect.Map { // the driver's own: its names are not Nomad's
		return nil
	}
	fields := map[string]reflect.Type{}
	for field := range kind.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("hcl"), ",")
		fields[name] = field.Type
	}
	for name, attribute := range body.Attributes {
		field, known := fields[name]
		if !known {
			problems = append(problems, fmt.Sprintf("%s: %s has no attribute %s", attribute.NameRange, kind.Name(), name))
			continue
		}
		if err := fits(attribute.Expr, field); err != nil {
			problems = append(problems, fmt.Sprintf("%s: %s: %s", attribute.NameRange, name, err))
		}
	}
	for _, block := range body.Blocks {
		field, known := fields[block.Type]
		if !known {
			problems = append(problems, fmt.Sprintf("%s: %s has no block %s", block.TypeRange, kind.Name(), block.Type))
			continue
		}
		if field.Kind() == reflect.Map && len(block.Labels) > 0 { // volumes, by their name
			field = field.Elem()
		}
		problems = append(problems, held(block.Body, field)...)
	}
	return problems
}

// Nomad reads a time such as "2m" from text, and leaves ${…} in texts alone until the task runs.
func fits(expression hclsyntax.Expression, kind reflect.Type) error {
	for kind.Kind() == reflect.Pointer {
		kind = kind.Elem()
	}
	if kind.String() == "time.Duration" {
		kind = reflect.TypeFor[string]()
	}
	value, diagnostics := expression.Value(&hcl.EvalContext{})
	if diagnostics.HasErrors() {
		return diagnostics
	}
	wanted, err := gocty.ImpliedType(reflect.Zero(kind).Interface())
	if err != nil {
		return err
	}
	if wanted == cty.DynamicPseudoType {
		return nil
	}
	_, err = convert.Convert(value, wanted)
	return err
}

var called = regexp.MustCompile(`allocations '([^']*)'`)

// The templates of the script, each over allocations as Nomad's own type holds them.
func script(path string) (problems []string) {
	text, err := os.ReadFile(path)
	if err != nil {
		return []string{err.Error()}
	}
	yes := true
	allocations := []*api.AllocationListStub{
		{ClientStatus: api.AllocClientStatusRunning},
		{ClientStatus: api.AllocClientStatusRunning, DeploymentStatus: &api.AllocDeploymentStatus{}},
		{ClientStatus: api.AllocClientStatusRunning, DeploymentStatus: &api.AllocDeploymentStatus{Healthy: &yes}},
		{ClientStatus: api.AllocClientStatusComplete},
	}
	var printed []string
	for _, found := range called.FindAllStringSubmatch(string(text), -1) {
		var out strings.Builder
		each, err := template.New("format").Parse("{{range .}}" + found[1] + "{{println}}{{end}}")
		if err == nil {
			err = each.Execute(&out, allocations)
		}
		if err != nil {
			return []string{err.Error()}
		}
		printed = append(printed, out.String())
	}
	wanted := []string{"running\nrunning\nrunning\ncomplete\n", "running \nrunning <nil>\nrunning true\ncomplete \n"}
	if !reflect.DeepEqual(printed, wanted) {
		problems = append(problems, fmt.Sprintf("the templates print %q", printed))
	}
	return problems
}
