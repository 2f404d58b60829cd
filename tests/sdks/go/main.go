// Reads records as JSON lines, as test_sdks.py writes them, and prints what Go's CloudEvents SDK finds in each.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"

	"github.com/cloudevents/sdk-go/v2/binding"
	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"
)

type record struct {
	Headers map[string]string `json:"headers"`
	Value   string            `json:"value"`
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(make([]byte, 1<<20), 1<<20)
	for lines.Scan() {
		var one record
		if err := json.Unmarshal(lines.Bytes(), &one); err != nil {
			panic(err)
		}
		headers := http.Header{}
		for name, value := range one.Headers {
			headers.Set(strings.Replace(name, "ce_", "ce-", 1), value)
		}
		body := closer{strings.NewReader(one.Value)}
		event, err := binding.ToEvent(context.Background(), cehttp.NewMessage(headers, body))
		if err == nil {
			err = event.Validate()
		}
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		found, _ := json.Marshal(map[string]any{
			"id": event.ID(), "source": event.Source(), "type": event.Type(), "subject": event.Subject(),
			"dataschema": event.DataSchema(), "time": event.Time(),
			"extensions": event.Extensions(), "data": json.RawMessage(event.Data()),
		})
		fmt.Println(string(found))
	}
}

// closer is a body that has nothing to close.
type closer struct{ *strings.Reader }

func (closer) Close() error { return nil }
